# SPDX-License-Identifier: BSD-2-Clause
"""Debian's archive: packages of the system, and suites that the system does not list, by private apt configurations."""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEPS = os.path.join(TREE, "build", "deps")
LOG = os.path.join(DEPS, "deps.log")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TRIES = 3


class Missing(Exception):
    """What is missing and the remedy, in one line."""


# --- small tools -----------------------------------------------------------------------------------

def say(text):
    print("deps: " + text, file=sys.stderr, flush=True)


def path(*parts):
    return os.path.join(DEPS, *parts)


def read(name):
    with open(name, encoding="utf-8", errors="replace") as f:
        return f.read()


def write(name, text):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name + ".tmp", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(name + ".tmp", name)


def fresh_dir(name):
    shutil.rmtree(name, ignore_errors=True)
    os.makedirs(name)
    return name


def output(cmd, **kw):
    """A command's standard output; empty if it fails."""
    done = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, **kw)
    return done.stdout if done.returncode == 0 else ""


def log_tail():
    """The last line of the log that says what went wrong."""
    lines = [l.strip() for l in read(LOG).splitlines() if l.strip()]
    errors = [l for l in lines[-40:] if re.match(r"(E:|Err:|error|sudo:)", l, re.I)]
    return (errors or lines or ["no output"])[-1]


def fetched_mb(folder):
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(where, name)).st_size
            except OSError:
                pass
    return total >> 20


def run(cmd, watch=None, cwd=None):
    """Run with output to the log and a sign of life on stderr. True if it succeeded."""
    tty = sys.stderr.isatty()
    started, told = time.time(), time.time()
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("\n$ " + " ".join(cmd) + "\n")
        log.flush()
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
        stdin = None if cmd[0] == "sudo" else subprocess.DEVNULL
        with subprocess.Popen(cmd, stdin=stdin, stdout=log, stderr=log, cwd=cwd, env=env) as proc:
            while True:
                try:
                    proc.wait(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    pass
                if time.time() - told < (0.5 if tty else 20):
                    continue
                told = time.time()
                text = "      %d s" % (told - started)
                if watch:
                    text += ", %d MB" % fetched_mb(watch)
                print("\r" + text + "   " if tty else text, end="" if tty else "\n", file=sys.stderr, flush=True)
            if tty and time.time() - started > 1:
                print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)
            return proc.returncode == 0


# What a log says, what it means, the remedy, and what may help: another try, fresh package lists, or nothing.
REASONS = [
    (r"sudo: .*", "sudo is refused", "run 'scripts/deps all-system' once as root", "nothing"),
    (r"No space left on device", "the disk is full", "free some GiB", "nothing"),
    (r"Unable to locate package (\S+)|Package '(\S+)' has no installation candidate",
     "the package lists do not have it", "apt-get update, or set DEPS_MIRROR to a complete Debian mirror", "lists"),
    (r"Temporary failure resolving|Could not resolve|Could not connect|Network is unreachable|Connection timed out"
     r"|Connection failed", "no connection to the Debian mirror", "check the network, then run again", "again"),
    (r"404 +Not Found|Hash Sum mismatch|unexpected size", "the mirror lacks a file that its lists name",
     "it is being updated: run again in some minutes", "lists"),
    (r"dpkg was interrupted|Unmet dependencies|held broken", "the system's packages are in a broken state",
     "apt-get --fix-broken install", "nothing"),
    (r"Could not get lock|Unable to acquire the dpkg", "another package manager is running",
     "wait for it, then run again", "again"),
]


def diagnosis():
    """What the log's last command stumbled over: the reason, the remedy, and what may help."""
    text = read(LOG).split("\n$ ")[-1]
    for pattern, reason, remedy, helps in REASONS:
        if re.search(pattern, text):
            return reason, remedy, helps
    return log_tail()[:160], "see build/deps/deps.log, then run again", "again"


def failure(what):
    reason, remedy, _ = diagnosis()
    return Missing("%s failed: %s; remedy: %s (build/deps/deps.log tells more)" % (what, reason, remedy))


def retry(cmd, what, **kw):
    for n in range(TRIES):
        if run(cmd, **kw):
            return
        if diagnosis()[2] == "nothing" or n + 1 == TRIES:
            raise failure(what)
        say("%s failed (%s), trying again" % (what, diagnosis()[0]))
        time.sleep(2 + 5 * n)


def unpack_deb(deb, dest):
    os.makedirs(dest, exist_ok=True)
    if not run(["dpkg", "-x", deb, dest]):
        raise Missing("%s cannot be unpacked: %s; remedy: free some disk space, then run again"
                      % (os.path.basename(deb), log_tail()[:120]))


def publish(temp, final):
    """Put a finished folder in place of an older one."""
    shutil.rmtree(final, ignore_errors=True)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    os.rename(temp, final)


# --- the system's own packages ----------------------------------------------------------------------

def as_root():
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise Missing("packages must be installed and this is neither root nor is there sudo; "
                  "remedy: run 'scripts/deps all-system' once as root")


def installed(package):
    return "ok installed" in output(["dpkg-query", "-W", "-f=${Status}", package])


def apt_update():
    """Read the system's package lists. A source of others that fails is no reason to stop."""
    say("reading the system's package lists")
    if not run(as_root() + ["apt-get", "-q", "update"]):
        if diagnosis()[2] == "nothing":
            raise failure("apt-get update")
        say("apt-get update: " + diagnosis()[0])


def install(packages, config=(), suite=None):
    """Install what is missing of `packages` into the system."""
    lacking = [p for p in packages if not installed(p)]
    if not lacking:
        return
    if not config and not output(["apt-get", "indextargets"]).strip():
        apt_update()
    what = "installing " + " ".join(lacking)
    say(what)
    cmd = as_root() + ["apt-get", *config, "-q", "-y", "--no-install-recommends", "-o", "Acquire::Retries=3",
                       *(["-t", suite] if suite else []), "install", *lacking]
    if run(cmd):
        return
    if diagnosis()[2] == "nothing":
        raise failure(what)
    say("that failed: " + diagnosis()[0])
    if not config:
        apt_update()
    retry(cmd, what)


# --- private apt configurations -----------------------------------------------------------------------

def mirror():
    """Where the system takes Debian from."""
    chosen = os.environ.get("DEPS_MIRROR")
    if chosen:
        return chosen
    form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    for attempt in (0, 1):
        for line in output(["apt-get", "indextargets", "--format", form]).splitlines():
            origin, label, uri = line.split("|")
            if origin == "Debian" and label == "Debian" and uri.startswith(("http", "file", "mirror")):
                return uri.rstrip("/")
        if attempt == 0:
            apt_update()
    raise Missing("no Debian mirror among the system's package sources; remedy: set DEPS_MIRROR=URL")


def native_arch():
    return output(["dpkg", "--print-architecture"]).strip()


# Another name for the same suite. A mirror keeps what each name leads to apart, so that the one can be whole while the other
# is being updated. The name moves on when Debian releases; what came is checked by its codename.
OTHER_NAMES = {"trixie": "stable", "trixie-backports": "stable-backports", "sid": "unstable",
               "bookworm-backports": "oldstable-backports"}


class Suite:
    """One Debian suite for one architecture, read without touching the system's configuration."""

    made = {}

    def __init__(self, name, arch):
        self.name, self.arch = name, arch
        self.root = path("apt", name + "-" + arch)
        self.debs = os.path.join(self.root, "cache", "archives")
        os.makedirs(os.path.join(self.root, "lists", "partial"), exist_ok=True)
        os.makedirs(os.path.join(self.debs, "partial"), exist_ok=True)
        write(os.path.join(self.root, "status"), "")
        self.options = self.private_options() + [
            "-o", "APT::Architecture=" + arch, "-o", "APT::Architectures=" + arch,
            "-o", "Dir::State::status=" + os.path.join(self.root, "status")]
        say("reading the package lists of %s (%s)" % (name, arch))
        for n in range(TRIES):
            if any(self.update(one) for one in (name, OTHER_NAMES.get(name)) if one):
                return
            if diagnosis()[2] == "nothing" or n + 1 == TRIES:
                raise failure("reading the package lists of " + name)
            say("that failed (%s), trying again" % diagnosis()[0])
            time.sleep(2 + 5 * n)

    def update(self, name):
        """Reads the lists by this name of the suite. True: they are whole, and of the suite."""
        lists = os.path.join(self.root, "lists")
        write(os.path.join(self.root, "sources.list"), self.sources(name))
        if not run(["apt-get", *self.options, "-q", "-o", "APT::Update::Error-Mode=any", "update"], watch=lists):
            return False
        releases = glob.glob(os.path.join(lists, "*_dists_%s_InRelease" % name))
        return any(re.search("^Codename: %s$" % self.name, read(release), re.M) for release in releases)

    @classmethod
    def get(cls, name, arch="riscv64"):
        if (name, arch) not in cls.made:
            cls.made[name, arch] = cls(name, arch)
        return cls.made[name, arch]

    def sources(self, name):
        line = "%s [signed-by=" + KEYRING + "%s] " + mirror() + " " + name + " main\n"
        return line % ("deb", "") + line % ("deb-src", "")

    def private_options(self):
        options = {
            "Dir::Etc::SourceList": os.path.join(self.root, "sources.list"),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::lists": os.path.join(self.root, "lists"),
            "Dir::Cache": os.path.join(self.root, "cache"),
            "Acquire::Retries": "3",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "false",
        }
        if self.name == "sid":        # its index is allowed to be older than it says
            options["Acquire::Check-Valid-Until"] = "false"
        return [x for key, value in options.items() for x in ("-o", key + "=" + value)]

    def fields(self, package):
        """The control fields of the newest version of a package; empty if there is none."""
        text = output(["apt-cache", *self.options, "--no-all-versions", "show", package])
        return dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", text.split("\n\n")[0], re.M))

    def depends(self, package):
        names = self.fields(package).get("Depends", "")
        return [re.split(r"[ (:|]", item.strip())[0] for item in names.split(",") if item.strip()]

    def download(self, packages):
        """These packages alone; returns their .deb files."""
        sizes = [int(self.fields(p).get("Size", 0)) for p in packages]
        say("downloading %s (%s, %d MB)" % (" ".join(packages), self.name, (sum(sizes) >> 20) + 1))
        folder = fresh_dir(os.path.join(self.root, "download"))
        retry(["apt-get", *self.options, "-q", "download", *packages], "downloading " + " ".join(packages),
              watch=folder, cwd=folder)
        return sorted(glob.glob(os.path.join(folder, "*.deb")))

    def closure(self, packages):
        """These packages with all that they depend on; returns their .deb files."""
        say("downloading %s and what they need (%s)" % (" ".join(packages), self.name))
        for old in glob.glob(os.path.join(self.debs, "*.deb")):
            os.unlink(old)
        retry(["apt-get", *self.options, "-q", "-y", "--download-only", "-o", "APT::Keep-Downloaded-Packages=true",
               "install", *packages], "downloading " + " ".join(packages), watch=self.debs)
        return sorted(glob.glob(os.path.join(self.debs, "*.deb")))

    def tarball(self, package):
        """The upstream tarball of a source package."""
        say("downloading the source of %s (%s)" % (package, self.name))
        folder = fresh_dir(os.path.join(self.root, "source"))
        retry(["apt-get", *self.options, "-q", "source", "--tar-only", "--download-only", package],
              "downloading the source of " + package, cwd=folder)
        found = glob.glob(os.path.join(folder, "*.orig.tar.*"))
        found = [f for f in found if not f.endswith(".asc")]
        if len(found) != 1:
            raise Missing("%s has no single upstream tarball in %s; remedy: see scripts/deps.py" % (package, self.name))
        return found[0]

    def clean(self):
        """Forget downloads that have been unpacked."""
        for folder in ("download", "source"):
            shutil.rmtree(os.path.join(self.root, folder), ignore_errors=True)
        for deb in glob.glob(os.path.join(self.debs, "*.deb")):
            os.unlink(deb)


class SystemSuite(Suite):
    """The system with one more suite: what is installed from it stays in step with the system's own packages."""

    def __init__(self, name):
        super().__init__(name, native_arch())
        self.options = self.private_options()      # the real dpkg status

    def sources(self, name):
        base = self.name.split("-")[0]
        text = ""
        for suite in (base, base + "-updates", name):
            text += "deb [signed-by=%s] %s %s main\n" % (KEYRING, mirror(), suite)
        return text


def unpacked(suite, debs):
    """A folder with these packages unpacked."""
    folder = fresh_dir(os.path.join(suite.root, "unpacked"))
    for deb in debs:
        unpack_deb(deb, folder)
    suite.clean()
    return folder
