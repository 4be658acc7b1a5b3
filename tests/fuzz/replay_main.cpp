// The targets without libFuzzer: every corpus file once, then a fixed number of mutations of them.
//
//   fuzz_corpus CORPUS [MUTATIONS]    every target on CORPUS/TARGET/*, MUTATIONS inputs each (RIALTO_SEED: other ones)
//   fuzz_corpus TARGET FILE           one input
//
// An input that breaks a promise is written to fuzz-crash-TARGET in the working directory, and the process ends there.
#include "tests/fuzz/fuzz.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <unistd.h>

namespace {

using namespace rialto::fuzz;
namespace fs = std::filesystem;

constexpr std::size_t input_bytes_max = 16'384; // of a mutation

// What the signal handler tells of.
struct {
  const char* bytes = nullptr;
  std::size_t size = 0;
  char crash_file[80] = {};
} under_way;

void say(const char* text) {
  static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text)));
}

extern "C" void on_crash(int signal) {
  const int file = ::open(under_way.crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  static_cast<void>(!::write(file, under_way.bytes, under_way.size));
  say("the input that did it: ");
  say(under_way.crash_file);
  say("\n");
  ::_exit(128 + signal);
}

void run(const target& on, std::string_view input) {
  // Exactly as large as it is, so that a sanitizer sees a read beyond its end.
  const std::unique_ptr<char[]> copy(new char[input.size()]);
  std::copy(input.begin(), input.end(), copy.get());
  under_way.bytes = copy.get();
  under_way.size = input.size();
  on.run({copy.get(), input.size()});
}

std::string contents_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "%s cannot be read\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string mutated(std::string text, const std::vector<std::string>& corpus, dice& random) {
  static constexpr char telling[] = {0,   1,    -1,  127, -128, ' ', '\r', '\n',
                                     '"', '\\', '0', '9', '-',  '.', '%',  '{',
                                     '}', '[',  ']', ',', ':',  ';', '/',  '='};
  for (auto changes = 1 + random.below(4); changes > 0; --changes) {
    const auto at = random.below(text.size() + 1);
    const auto rest = text.size() - at;
    const auto length = rest == 0 ? 0 : 1 + random.below(std::min<std::size_t>(rest, 32));
    switch (random.below(8)) {
    case 0: // one bit
      if (rest > 0) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (rest > 0) text[at] = telling[random.below(sizeof telling)];
      break;
    case 2: text.insert(at, 1, telling[random.below(sizeof telling)]); break;
    case 3: text.erase(at, length); break;
    case 4: text.insert(at, text.substr(at, length)); break; // said twice
    case 5: text.resize(at); break;
    case 6: { // a part of another one
      const auto& other = corpus[random.below(corpus.size())];
      const auto from = random.below(other.size() + 1);
      text.insert(at, other, from, 1 + random.below(64));
      break;
    }
    case 7: { // a number, little-endian
      const std::uint64_t number = std::uint64_t{1} << random.below(64);
      for (std::size_t i = 0, size = std::size_t{1} << random.below(4); i < size && i < rest; ++i)
        text[at + i] = static_cast<char>((number - random.below(2)) >> (8 * i));
      break;
    }
    }
  }
  if (text.size() > input_bytes_max) text.resize(input_bytes_max);
  return text;
}

std::size_t run_corpus(const target& on, const fs::path& folder, std::size_t mutations) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  auto corpus = on.make_seeds == nullptr ? std::vector<std::string>{} : on.make_seeds();
  const auto made = corpus.size();
  for (const auto& file : files) corpus.push_back(contents_of(file));
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus\n", folder.c_str());
    std::exit(1);
  }
  for (const auto& one : corpus) run(on, one);
  const char* seed = std::getenv("RIALTO_SEED");
  dice random(seed_of(on.name) + (seed == nullptr ? 0 : std::strtoull(seed, nullptr, 10)));
  for (std::size_t i = 0; i < mutations; ++i)
    run(on, mutated(corpus[i % corpus.size()], corpus, random));
  std::printf("%-20s %3zu files, %zu made inputs, %zu mutations\n", std::string(on.name).c_str(),
              files.size(), made, mutations);
  return files.size();
}

void name_crash_file(const target& on) {
  std::snprintf(under_way.crash_file, sizeof under_way.crash_file, "fuzz-crash-%.*s",
                static_cast<int>(on.name.size()), on.name.data());
}

} // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("fuzz_corpus CORPUS [MUTATIONS] | fuzz_corpus TARGET FILE\n", stderr);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) std::signal(signal, on_crash);
  if (const auto* one = find_target(words[1]); one != nullptr && count == 3) {
    name_crash_file(*one);
    run(*one, contents_of(words[2]));
    return 0;
  }
  const fs::path corpus = words[1];
  for (const auto& entry : fs::directory_iterator(corpus))
    if (find_target(entry.path().filename().string()) == nullptr) {
      std::fprintf(stderr, "%s: there is no such target\n", entry.path().c_str());
      return 1;
    }
  const std::size_t mutations = count > 2 ? std::strtoull(words[2], nullptr, 10) : 0;
  std::size_t files = 0;
  for (const auto& one : targets()) {
    name_crash_file(one);
    files += run_corpus(one, corpus / one.name, mutations);
  }
  std::printf("%zu targets, %zu files, %zu mutations: every promise held\n", targets().size(),
              files, targets().size() * mutations);
}
