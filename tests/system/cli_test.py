"""The command line: help, version, settings and everything one can say wrongly to it."""
import pathlib
import shutil
import tempfile
import unittest

from support import SOURCE, main, run_program

STRONG_KEY = "9f3c1d7a5be2480c6a1e8b94d2f7035e"


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rialto-cli-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def run_here(self, *arguments, **more):
        return run_program(*arguments, cwd=self.home, **more)

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        return path

    def assert_refused(self, done, *sentences):
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        for sentence in sentences:
            self.assertIn(sentence, done.stderr)
        self.assertEqual(list(self.home.glob("data*")), [], "nothing may be made before the settings are right")

    def test_version(self):
        done = self.run_here("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^rialto \d+\.\d+\.\d+\n$")

    def test_help_shows_usage_options_examples(self):
        for words in ((), ("serve",), ("journal",), ("journal", "dump"), ("journal", "verify"), ("journal", "stats"),
                      ("journal", "archive"), ("journal", "restore"), ("cluster",), ("cluster", "status"), ("cluster", "drain"),
                      ("cluster", "move")):
            done = self.run_here(*words, "--help")
            self.assertEqual(done.returncode, 0)
            places = [done.stdout.find(part) for part in ("Usage:", "Options:", "Examples:")]
            self.assertNotIn(-1, places)
            self.assertEqual(places, sorted(places))

    def test_a_wrong_word_names_the_help_of_its_command(self):
        for words, sentence in ((("bogus",), "there is no command bogus (see rialto --help)"),
                                (("cluster", "bogus"), "there is no command bogus (see rialto cluster --help)"),
                                (("cluster", "move", "3"), "NODE is required (see rialto cluster move --help)"),
                                (("inspect", "tree", "--bogus"), "there is no option --bogus (see rialto inspect tree --help)")):
            self.assert_refused(self.run_here(*words), sentence)

    def test_help_has_every_setting_but_secrets(self):
        text = self.run_here("serve", "--help").stdout
        section = ""
        for line in self.run_here("serve", "--print-config").stdout.splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line and not line.startswith("#"):
                name = f"--{section}.{line.split('=')[0].strip()}"
                if name in ("--auth.token-key", "--feed.proxy", "--storage.journal", "--redis.url"):
                    self.assertNotIn(name, text)
                else:
                    self.assertIn(name, text)

    def test_print_config_is_the_file_in_the_root(self):
        done = self.run_here("serve", "--print-config")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, (SOURCE / "config.ini").read_text())

    def test_print_config_shows_the_settings_in_force_and_reads_back(self):
        self.write("config.ini", "[limits]\nburst = 7\nbody-bytes = 2048\n")
        environment = {"RIALTO_LIMITS_BODY_BYTES": "4096", "RIALTO_AUTH_TOKEN_KEY": STRONG_KEY}
        first = self.run_here("serve", "--limits.connections", "500", "--print-config", environment=environment)
        self.assertEqual(first.returncode, 0, first.stderr)
        for line in ("burst = 7", "body-bytes = 4096", "connections = 500", "token-key ="):
            self.assertIn(line + "\n", first.stdout)
        self.assertNotIn(STRONG_KEY, first.stdout)
        again = self.run_here("serve", "--config", self.write("again.ini", first.stdout), "--print-config")
        self.assertEqual(again.stdout, first.stdout)

    def test_a_wrong_config_file_is_named_with_its_lines(self):
        path = self.write("node.ini", "[http]\nlisten = nowhere\n\n[limits]\nburts = 3\n")
        self.assert_refused(self.run_here("serve", "--config", path),
                            f"{path}:2: http.listen must be ADDRESS:PORT", 'not "nowhere"',
                            f"{path}:5: there is no setting limits.burts, did you mean limits.burst?")

    def test_a_config_file_that_is_not_there(self):
        self.assert_refused(self.run_here("serve", "--config", "none.ini"), "none.ini: cannot be read: No such file")

    def test_a_config_file_of_random_bytes(self):
        path = self.home / "node.ini"
        path.write_bytes(bytes(range(256)) * 40)
        self.assert_refused(self.run_here("serve", "--config", path), "node.ini:1: must be text")

    def test_wrong_words_get_a_suggestion(self):
        self.assert_refused(self.run_here("serve", "--feed.seeed", "4"), "did you mean feed.seed?")
        self.assert_refused(self.run_here("serve", "--feed", "live"), "none, sim, binance or replay:FILE[@SPEED]")
        self.assert_refused(self.run_here("serve", environment={"RIALTO_HTTP_LISTNE": "x"}), "RIALTO_HTTP_LISTEN?")
        self.assert_refused(self.run_here("sevre"), "sevre")
        self.assert_refused(self.run_here(), "a command is missing")

    def test_the_last_of_two_equal_options_counts(self):
        done = self.run_here("serve", "--feed", "sim", "--data", "a", "--feed.source", "none", "--data", "b",
                             "--print-config")
        self.assertIn("source = none\n", done.stdout)
        self.assertIn("directory = b\n", done.stdout)

    def test_a_secret_is_not_taken_from_the_command_line(self):
        done = self.run_here("serve", "--auth.token-key", STRONG_KEY)
        self.assert_refused(done, "RIALTO_AUTH_TOKEN_KEY")

    def test_a_weak_key_refuses_to_start_and_is_not_shown(self):
        for key in ("secret", "x" * 40, "abcabcabc" * 5):
            done = self.run_here("serve", environment={"RIALTO_AUTH_TOKEN_KEY": key})
            self.assert_refused(done, "auth.token-key")
            self.assertNotIn(key, done.stderr)

    def test_a_recording_that_is_not_there(self):
        self.assert_refused(self.run_here("serve", "--feed", "replay:none.gz@max"),
                            "feed.source: there is no file none.gz")

    def test_journal_commands_make_no_journal_where_none_is(self):
        for words in (("verify",), ("dump", "all"), ("verify", "--data", "elsewhere"), ("stats",), ("archive",)):
            self.assert_refused(self.run_here("journal", *words), "there is no journal in")
        self.assert_refused(self.run_here("journal"), "say dump STREAM, verify, stats, archive or restore")
        self.assert_refused(self.run_here("journal", "dump"), "STREAM is required")
        self.assert_refused(self.run_here("journal", "archive", "--keep-days", "-1"), "--keep-days")
        self.assert_refused(self.run_here("journal", "restore", "--from", "x"), "--to is required")
        self.assert_refused(self.run_here("journal", "restore", "--to", "x"), "--from is required")
        done = self.run_here("journal", "restore", "--from", "nowhere", "--to", "restored")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("nowhere is neither a directory nor a journal.sqlite", done.stderr)
        self.assertEqual(list(self.home.iterdir()), [])


if __name__ == "__main__":
    main()
