"""Machines of a cluster as network namespaces on one bridge, with cables that can be cut, one way too.

isolated() starts the test again in a network and a mount namespace of its own, so whatever happens nothing is left behind. A cut is a
wrong hardware address for a peer: packets leave and never arrive, and nobody is told, as with a broken cable or a dropping firewall.
It needs root and iproute2, no firewall program. Addresses: the test and its servers are .1, the nodes .11 and up.
"""
import os
import pathlib
import subprocess
import sys

MARK = "CLUSTER_TEST_IS_ISOLATED"
NAMES = pathlib.Path("/run/netns")
NOWHERE = "02:00:00:00:00:fe"
HERE, NETWORK = "10.231.7.1", "10.231.7."


def why_not():
    """Why there can be no namespaces here; empty if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        NAMES.mkdir(exist_ok=True)
        done = subprocess.run(["unshare", "-n", "-m", "sh", "-c", f"mount -t tmpfs none {NAMES} && ip netns add one && ip link add switch type bridge"
                               " && ip link add cable type veth peer name eth0 netns one"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip() or f"unshare ended with {done.returncode}" if done.returncode else ""


def isolated():
    """True: this process has a network of its own. Else it is started again with one, or, where that cannot be, False and the reason."""
    if os.environ.get(MARK):
        return True, ""
    problem = why_not()
    if problem:
        return False, problem
    os.environ[MARK] = "1"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "-n", "-m", "--propagation", "private", sys.executable, "-B", *sys.argv])


def run(*words, text=None):
    done = subprocess.run(list(map(str, words)), input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr}")


class Network:
    def __init__(self):
        assert os.environ.get(MARK), "only in a network of its own"
        run("mount", "-t", "tmpfs", "none", NAMES)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "rialto", "type", "bridge")
        run("ip", "addr", "add", HERE + "/24", "dev", "rialto")
        run("ip", "link", "set", "rialto", "up")
        self.addresses = {}  # name -> address
        self.cuts = set()

    def add(self, name):
        """A machine; returns its address."""
        at = self.addresses[name] = f"{NETWORK}{11 + len(self.addresses)}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"to-{name}", "master", "rialto", "up")
        run("ip", "-n", name, "addr", "add", at + "/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        return at

    def empty(self):
        """Takes all machines away."""
        for name in list(self.addresses):
            self.heal(name)
            run("ip", "link", "del", f"to-{name}")
            run("ip", "netns", "del", name)
        self.addresses.clear()

    def prefix(self, name):
        """Words that run a program on that machine."""
        return ["nsenter", f"--net={NAMES / name}"]

    def _neighbours(self, where, addresses, is_cut):
        device = "eth0" if where else "rialto"
        lines = [f"neigh replace {at} lladdr {NOWHERE} nud permanent dev {device}" if is_cut else f"neigh del {at} dev {device}"
                 for at in addresses]
        run("ip", *(["-n", where] if where else []), "-batch", "-", text="\n".join(lines) + "\n")

    def _others(self, name):
        """Namespace (none: the test's) and address of all but one."""
        return [("", HERE)] + [(other, at) for other, at in self.addresses.items() if other != name]

    def cut(self, name, way="both", peers=None):
        """`way`: out, in or both, of that machine. `peers`: names, "" for the test's own with its servers; all without it."""
        assert not any(cut[0] == name for cut in self.cuts), "it is cut already"
        self.cuts.add((name, way, peers and tuple(peers)))
        self._set(name, way, peers, True)

    def _set(self, name, way, peers, is_cut):
        others = [(other, at) for other, at in self._others(name) if peers is None or other in peers]
        if way in ("out", "both"):
            self._neighbours(name, [at for _, at in others], is_cut)
        if way in ("in", "both"):
            for other, _ in others:
                self._neighbours(other, [self.addresses[name]], is_cut)

    def heal(self, name):
        for cut in [cut for cut in self.cuts if cut[0] == name]:
            self.cuts.remove(cut)
            self._set(*cut, False)
