"""What deploy/ and the guide for operators name exists: settings, commands and ports. Docker itself is not run here."""
import re
import shutil
import subprocess
import unittest

import support

DEPLOY = support.SOURCE / "deploy"
GUIDE = support.SOURCE / "docs" / "OPERATIONS.md"
PORTS = {"gateway": 8080, "users": 8081, "trading": 8082, "marketdata": 8083}
COMPOSE = ("docker-compose.yml", "docker-compose.production.yml")


def settings():
    """Names as in section.key."""
    text = support.run_program("serve", "--print-config", cwd="/").stdout
    found, section = set(), ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif re.match(r"[a-z-]+ =", line):
            found.add(f"{section}.{line.split(' ')[0]}")
    return found


def environment_names():
    return {"RIALTO_" + name.upper().replace(".", "_").replace("-", "_") for name in settings()}


class DeployTest(unittest.TestCase):
    def test_every_variable_is_a_setting(self):
        known = environment_names()
        self.assertIn("RIALTO_HTTP_LISTEN", known)
        files = [*DEPLOY.rglob("*"), support.SOURCE / "scripts" / "cluster", GUIDE]
        for path in files:
            if path.is_file():
                for name in re.findall(r"\bRIALTO_[A-Z_]+[A-Z]\b", path.read_text()):
                    self.assertIn(name, known, f"{path.name} names {name}, which no setting reads")

    def test_every_setting_that_is_named_exists(self):
        known = settings()
        sections = {name.split(".")[0] for name in known}
        for path in (GUIDE, DEPLOY / "README.md", *DEPLOY.rglob("*.service"), support.SOURCE / "scripts" / "cluster"):
            for name in re.findall(r"(?:`|--|\")([a-z-]+\.[a-z][a-z-]+)\b", path.read_text()):
                if name.split(".")[0] in sections and not name.endswith((".md", ".ini", ".sqlite")):
                    self.assertIn(name, known, f"{path.name} names the setting {name}")

    def test_every_command_of_the_guide_exists(self):
        for words in set(re.findall(r"\brialto (backup|restore|migrate|serve|inspect|cluster [a-z-]+|journal [a-z]+)\b", GUIDE.read_text())):
            done = support.run_program(*words.split(), "--help")
            self.assertEqual(done.returncode, 0, f"rialto {words}: {done.stderr}")

    def test_compose_files(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        for name in COMPOSE:
            with self.subTest(file=name):
                made = yaml.safe_load((DEPLOY / name).read_text())
                services, volumes = made["services"], set(made["volumes"])
                self.assertNotIn("notifications", services)
                for service, port in PORTS.items():
                    spec = services[service]
                    self.assertEqual(spec["environment"]["RIALTO_HTTP_LISTEN"], f"0.0.0.0:{port}")
                    self.assertEqual(spec["environment"]["RIALTO_CLUSTER_NODE"], service)
                    self.assertEqual(spec["ports"], [f"127.0.0.1:{port}:{port}"])
                    self.assertEqual(spec["environment"]["RIALTO_CLUSTER_ADVERTISE"], f"{service}:7800")
                    for given in spec["depends_on"]:
                        self.assertIn(given, services)
                for service, spec in services.items():
                    self.assertTrue("healthcheck" in spec or spec.get("image") == "rialto", service)
                    for volume in spec.get("volumes", ()):
                        source = volume.split(":")[0]
                        self.assertTrue(source.startswith("./") or source in volumes, f"{service}: {source}")
                    for secret in spec.get("secrets", ()):
                        self.assertIn(secret if isinstance(secret, str) else secret["source"], made["secrets"])

    def test_production_is_bounded(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        services = yaml.safe_load((DEPLOY / "docker-compose.production.yml").read_text())["services"]
        for name, spec in services.items():
            self.assertEqual(spec["restart"], "always", name)
            self.assertIn("memory", spec["deploy"]["resources"]["limits"], name)
            self.assertFalse(any("PASSWORD" in key and not key.endswith("_FILE") for key in spec.get("environment", {})), name)
        for name in PORTS:
            self.assertTrue(services[name]["read_only"], name)

    def test_stopping_takes_longer_than_draining(self):
        printed = support.run_program("serve", "--print-config", cwd="/").stdout
        drain = int(re.search(r"^drain-seconds = (\d+)$", printed, re.M)[1])
        for path in DEPLOY.rglob("*.service"):
            self.assertGreater(int(re.search(r"^TimeoutStopSec=(\d+)$", path.read_text(), re.M)[1]), drain)
        for name in COMPOSE:
            self.assertGreater(int(re.search(r"stop_grace_period: (\d+)s", (DEPLOY / name).read_text())[1]), drain)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_units_are_sound(self):
        for path in DEPLOY.rglob("*.service"):
            done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False, timeout=120)
            said = [line for line in done.stderr.splitlines() if path.stem.split("@")[0] in line and "is not executable" not in line]
            self.assertEqual(said, [])


if __name__ == "__main__":
    support.main()
