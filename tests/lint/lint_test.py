"""Each rule of scripts/lint on a small tree that keeps it and on one that breaks it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lint"

# A tree without a finding; every bad case is this tree with one file more or changed.
GOOD = {
    "domain/README.md": "Domain.\n",
    "storage/README.md": "Storage.\n",
    "runtime/README.md": "Runtime.\n",
    "actors/README.md": "Actors. See [the domain](../domain/README.md).\n",
    "net/README.md": "Net.\n",
    "tests/README.md": "Tests.\n",
    "tests/system/README.md": "System tests.\n",
    "domain/book.hpp": "// domain/book.hpp: a book. The clock() is told, a double is not used.\n#pragma once\n\n"
                       "#include <map>\n#include <unordered_map>\n\nstruct book {\n"
                       "  std::unordered_map<int, int> by_id_;\n  std::map<int, int> levels_;\n"
                       '  const char* text = "double rand() system_clock::now()";\n};\n',
    "domain/book.cpp": '#include "domain/book.hpp"\n\nint sum(const book& b) {\n  int all = 0;\n'
                       "  for (auto& [k, v] : b.levels_) all += v;\n  return all + b.by_id_.at(1);\n}\n",
    "storage/file.cpp": '#include "domain/book.hpp"\n\n#include <sqlite3.h>\n',
    "runtime/entity.hpp": '// runtime/entity.hpp: an entity.\n#pragma once\n\n#include "domain/book.hpp"\n',
    "actors/gate.hpp": '// actors/gate.hpp: the door.\n#pragma once\n\n#include "runtime/entity.hpp"\n',
    "actors/shell.cpp": '#include "actors/gate.hpp"\n\n#include <caf/all.hpp>\n\ndouble ratio = 0.5;\n',
    "net/server.cpp": '#include "actors/gate.hpp"\n\n#include <boost/beast.hpp>\n',
    "tests/domain/book_test.cpp": '#include "domain/book.hpp"\n\n#include <random>\n\nstd::mt19937 source;\n',
    "runtime/settings_list.hpp": "// runtime/settings_list.hpp: settings.\n#pragma once\n\nstruct node_settings {\n"
                                 "  count_setting limits_burst{\n    this, 1};\n};\n",
    "net/limit.cpp": "int limit(const node_settings& settings) { return *settings.limits_burst; }\n",
    "scripts/run": "#!/usr/bin/env bash\nset -euo pipefail\necho run\n",
}

SHELL = "#!/usr/bin/env bash\nset -euo pipefail\n"

# rule, path, text: what is added to the good tree, and the rule that must speak.
BAD = [
    ("arrow", "domain/up.cpp", '#include "storage/file.hpp"\n'),
    ("arrow", "storage/up.cpp", '#include "runtime/entity.hpp"\n'),
    ("arrow", "net/up.cpp", '#include "app/main.hpp"\n'),
    ("arrow", "tests/domain/up_test.cpp", '#include "actors/gate.hpp"\n'),
    ("arrow", "domain/near.cpp", '#include "book.hpp"\n'),
    ("library", "domain/lib.cpp", "#include <boost/optional.hpp>\n"),
    ("library", "domain/lib.cpp", "#include <fmt/format.h>\n"),
    ("library", "domain/lib.cpp", "#include <unistd.h>\n"),
    ("library", "net/api.cpp", "#include <boost/beast/http.hpp>\n"),
    ("library", "actors/data.cpp", "#include <sqlite3.h>\n"),
    ("caf-free", "domain/actor.cpp", "#include <caf/all.hpp>\n"),
    ("caf-free", "storage/actor.cpp", "#include <caf/actor.hpp>\n"),
    ("caf-free", "runtime/entity.hpp", '// runtime/entity.hpp: an entity.\n#pragma once\n\n#include "runtime/far.hpp"\n'),
    ("caf-free", "actors/gate.hpp", "// actors/gate.hpp: the door.\n#pragma once\n\n#include <caf/all.hpp>\n"),
    ("binding", "domain/bind.cpp", "void f(book& b) {\n  for (auto& [k, v] : b.levels_) {\n    run([&] { return v; });\n  }\n}\n"),
    ("binding", "domain/bind.cpp", "void f() {\n  const auto [k, v] = both();\n  run([k](int i) { return i; });\n}\n"),
    ("clock", "domain/now.cpp", "auto at = std::chrono::system_clock::now();\n"),
    ("clock", "domain/now.cpp", "auto at = std::chrono::steady_clock::now();\n"),
    ("clock", "domain/now.cpp", "auto at = time(nullptr);\n"),
    ("clock", "actors/now.cpp", "auto at = std::chrono::system_clock::now();\n"),
    ("random", "domain/dice.cpp", "std::random_device device;\n"),
    ("random", "domain/dice.cpp", "int dice() { return rand() % 6; }\n"),
    ("thread", "domain/thread.cpp", "std::mutex lock;\n"),
    ("input-output", "domain/file.cpp", 'std::ifstream in("x");\n'),
    ("input-output", "domain/file.cpp", 'auto home = std::getenv("HOME");\n'),
    ("float", "domain/price.cpp", "double price = 1;\n"),
    ("float", "actors/messages.hpp", "// actors/messages.hpp: messages.\n#pragma once\n\nstruct tick {\n  float price;\n};\n"),
    ("unordered", "domain/walk.cpp", '#include "domain/book.hpp"\n\nint walk(book& b) {\n'
                                     "  for (auto& [k, v] : b.by_id_) return v;\n  return 0;\n}\n"),
    ("name", "runtime/session_manager.hpp", "// runtime/session_manager.hpp: x.\n#pragma once\n"),
    ("name", "runtime/thing.cpp", "struct string_utils {\n  int x;\n};\n"),
    ("name", "runtime/thing.cpp", "class OrderBook {};\n"),
    ("header", "runtime/bare.hpp", "// runtime/bare.hpp: no guard.\n"),
    ("header", "runtime/bare.hpp", "#pragma once\n"),
    ("length", "runtime/long.cpp", "int x;\n" * 501),
    ("blanks", "runtime/blank.cpp", "int x; \n"),
    ("blanks", "runtime/blank.cpp", "\tint x;\n"),
    ("blanks", "runtime/blank.cpp", "int x;\r\n"),
    ("blanks", "runtime/blank.cpp", "int x;"),
    ("blanks", "runtime/blank.cpp", "int x;\n\n"),
    ("machine", "actors/where.cpp", 'auto place = "/home/anna/data";\n'),
    ("machine", "web/package.json", '{"resol' 'ved": "http' 's:a.tgz"}\n'),
    ("open-work", "runtime/later.cpp", "// TO" "DO: the rest\n"),
    ("readme", "examples/bot.py", "print()\n"),
    ("readme", "net/api/routes.cpp", "int routes;\n"),
    ("link", "tests/README.md", "See [there](nowhere.md).\n"),
    ("setting", "runtime/settings_list.hpp", GOOD["runtime/settings_list.hpp"].replace(
        "limits_burst{", "limits_burst{\n    this, 1};\n  setting<word_list> cors_origins{")),
    ("script", "scripts/test", SHELL + "if true; then\n"),
    ("script", "scripts/test", "#!/usr/bin/env bash\necho\n"),
    ("test", "tests/system/money_test.py", "class MoneyTest:\n    pass\n"),
]


class Lint(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rialto-lint-"))
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in GOOD.items():
            self.write(path, text)

    def write(self, path, text, executable=True):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        if executable and text.startswith("#!"):
            file.chmod(0o755)

    def run_lint(self):
        done = subprocess.run([sys.executable, "-B", LINT, "--root", self.root], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def assert_only_rule(self, rule, path):
        code, text = self.run_lint()
        self.assertEqual(code, 1, text)
        for line in text.splitlines()[:-1]:
            where, _, rest = line.partition(": ")
            self.assertEqual(rest.split(":")[0], rule, text)
        self.assertIn(path.rsplit("/", 1)[0] if rule == "readme" else path, text)

    def test_a_good_tree_has_no_finding(self):
        code, text = self.run_lint()
        self.assertEqual((code, text.split(",")[-1]), (0, " nothing to say\n"))

    def test_every_rule_speaks_where_it_is_broken(self):
        for rule, path, text in BAD:
            with self.subTest(rule=rule, path=path, text=text[:60]):
                before = GOOD.get(path)
                self.write("runtime/far.hpp", "// runtime/far.hpp: far.\n#pragma once\n\n#include <caf/all.hpp>\n")
                folder = path.split("/")[0]
                if rule != "readme" and f"{folder}/README.md" not in GOOD and folder not in ("scripts",):
                    self.write(f"{folder}/README.md", "Here.\n")
                self.write(path, text)
                try:
                    self.assert_only_rule(rule, path)
                finally:
                    (self.root / path).unlink()
                    if before is not None:
                        self.write(path, before)

    def test_a_script_must_be_executable(self):
        self.write("scripts/deploy", SHELL, executable=False)
        self.assert_only_rule("script", "scripts/deploy")

    def test_a_line_can_be_excused_with_its_reason_only(self):
        self.write("domain/ratio.cpp", "double ratio; // lint: float is fine, because it is printed only\n")
        self.assertEqual(self.run_lint()[0], 0)
        self.write("domain/ratio.cpp", "double ratio; // lint: float is fine, because\n")
        self.assert_only_rule("float", "domain/ratio.cpp")
        self.write("domain/ratio.cpp", "double ratio; // lint: clock is fine, because it is printed only\n")
        self.assert_only_rule("float", "domain/ratio.cpp")

    def test_every_file_must_be_formatted_committed_or_not(self):
        self.write(".clang-format", "DisableFormat: true\n")
        self.write("runtime/.clang-format", "BasedOnStyle: LLVM\n")
        self.write("runtime/ugly.cpp", "int   x;\n")
        self.assert_only_rule("format", "runtime/ugly.cpp")
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        for words in (["init", "-q"], ["add", "-A"],
                      ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", self.root, *words], check=True, env=environment)
        self.assert_only_rule("format", "runtime/ugly.cpp")

if __name__ == "__main__":
    unittest.main()
