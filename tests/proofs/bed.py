"""A home of its own for machines that only play one, and what must hold of it whatever has happened."""
import collections, glob, hashlib, json, os, re, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("PROOF_BIN") or f"{REPO}/{os.environ.get('B', 'build')}/tests/fake/bin"
MARK = b"precious" * 64
MARK_AT = 3 << 20       # of a disk, where no image is


class Broken(Exception):
    """What must hold does not."""


def shim():
    """The library that makes faults; built once a run."""
    path = f"{tempfile.mkdtemp(prefix='lima-shim.')}/shim.so"
    subprocess.run([os.environ.get("SHIM_CC", "gcc"), "-shared", "-fPIC", "-O1", "-o", path, f"{HERE}/shim.c"], check=True)
    return path


class Done:
    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err

    def text(self):
        return f"$ limactl {' '.join(self.words)}\n{self.out[-1500:]}{self.err[-2500:]}[{self.status}]\n"


class Bed:
    def __init__(self):
        self.work = tempfile.mkdtemp(prefix="lq.", dir="/tmp")
        self.root = f"{self.work}/r"            # what a loss of power is about
        self.home = f"{self.root}/h"
        self.shadow, self.hit = f"{self.work}/shadow", f"{self.work}/hit"
        self.told = []                          # the commands of this case
        os.mkdir(self.root)
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("LIMA", "XDG_", "PROOF_", "http", "no_proxy"))}
        self.env = dict(keep, LIMA_HOME=self.home, XDG_CACHE_HOME=f"{self.root}/c", HOME=self.work, CI="1")

    def run(self, *words, env=(), before=(), limit=60, status=None):
        with open(f"{self.work}/out", "w+", errors="replace") as out, open(f"{self.work}/err", "w+", errors="replace") as err:
            p = subprocess.Popen([*before, f"{BIN}/limactl", *words], env=dict(self.env, **dict(env)), stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=err, cwd=self.work)
            try:
                p.wait(limit)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                self.told.append(f"$ limactl {' '.join(words)}\n[no end in {limit} s]\n")
                raise Broken(f"no end in {limit} s")
            out.seek(0)
            err.seek(0)
            done = Done(words, p.returncode, out.read(), err.read())
        self.told.append(done.text())
        if status is not None and done.status != status:
            raise Broken(f"status {done.status} of: limactl {' '.join(words)}")
        if done.status < 0 and done.status != -signal.SIGKILL:
            raise Broken(f"died of signal {-done.status}")
        return done

    def yaml(self, name, more=""):
        image = f"{self.work}/raw.img"
        if not os.path.exists(image):
            with open(image, "wb") as f:
                f.truncate(1 << 20)
        with open(f"{self.work}/{name}.yaml", "w") as f:
            f.write(f"images:\n- {{location: {image}, arch: x86_64}}\ndisk: 4MiB\nplain: true\nvmType: fake\ncpus: 1\nmemory: 64MiB\n{more}")
        return f"{self.work}/{name}.yaml"

    def processes(self):
        """pid and program of what has this home in its words."""
        found = []
        for pid in os.listdir("/proc"):
            if not pid.isdigit() or int(pid) == os.getpid():
                continue
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if any(self.work.encode() + b"/" in w for w in words) and words[0]:
                found.append((int(pid), os.path.basename(words[0].decode())))
        return found

    def programs(self):
        return sorted(name for _, name in self.processes())

    def kill_all(self):
        for _ in range(50):
            left = self.processes()
            if not left:
                return
            for pid, _ in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
        raise Broken(f"cannot be killed: {left}")

    def nobody(self, wait=20):
        end = time.monotonic() + wait
        while self.processes():
            if time.monotonic() > end:
                raise Broken(f"processes are left: {self.processes()}")
            time.sleep(0.02)

    def clear(self):
        """Back to nothing, by force: what is not the case's own work."""
        self.kill_all()
        for p in glob.glob(f"{self.root}/*"):
            shutil.rmtree(p)
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.told = []

    def end(self):
        self.kill_all()
        shutil.rmtree(self.work)

    # what the user has in a disk

    def mark(self, path):
        with open(f"{self.home}/{path}", "r+b") as f:
            f.seek(MARK_AT)
            f.write(MARK)
            os.fsync(f.fileno())

    def marked(self, path):
        try:
            with open(f"{self.home}/{path}", "rb") as f:
                f.seek(MARK_AT)
                if f.read(len(MARK)) == MARK:
                    return
        except OSError as e:
            raise Broken(f"data lost: {e}")
        raise Broken(f"data lost: {path}")

    # what is there, but for numbers that are other ones each time

    def tree(self):
        found = []
        for top, folders, files in os.walk(self.home):
            for name in folders + files:
                path = os.path.join(top, name)
                rel = os.path.relpath(path, self.home)
                # how often a change was begun is told by generations, and how a disk came to the machine by what that plays
                if rel.startswith("_state/state.db") or re.search(r"^\w+/(generations|guest)(/|$)", rel):
                    continue
                st = os.lstat(path)
                rel = re.sub(r"^_state/ports/\d+", "_state/ports/N", rel)
                found.append(f"{rel} {st.st_mode:o}")
        return sorted(found)

    def texts(self):
        """What files say that are the same wherever they are made."""
        found = {}
        for path in glob.glob(f"{self.home}/*/lima.yaml") + glob.glob(f"{self.home}/*/ssh.config") + glob.glob(f"{self.home}/_disks/*/*"):
            if path.endswith("datadisk"):
                found[path] = os.path.getsize(path)
            elif os.path.isfile(path):
                with open(path, errors="replace") as f:
                    found[path] = re.sub(r"(?m)^(\s*(?:Port|.*_port)\s+)\d+", r"\1N", f.read())
        return found

    def world(self):
        out = self.run("list", "--format", "{{.Name}} {{.Status}} {{.CPUs}} {{.Memory}} {{.Disk}}", status=0).out
        return {"list": out, "tree": self.tree(), "texts": self.texts(), "programs": self.programs()}

    def settled(self):
        if not glob.glob(f"{self.home}/*/lima.yaml"):
            return
        p = self.run("plan")
        if p.status != 0 or "Nothing to do" not in p.out + p.err:
            raise Broken("the plan is not empty")

    def same_as(self, wanted, but="$.", no_matter="$."):
        """The same end as an undisturbed run, but for entries that may be there besides (`but`), and for some that may be or not."""
        wanted = dict(wanted, tree=[x for x in wanted["tree"] if not re.match(no_matter, x)])
        told = list(self.told)
        for _ in range(200):
            have = self.world()
            have["tree"] = [x for x in have["tree"] if not re.match(no_matter, x)]
            more = [x for x in (collections.Counter(have["tree"]) - collections.Counter(wanted["tree"])).elements() if re.match(but, x)]
            have["tree"] = sorted((collections.Counter(have["tree"]) - collections.Counter(more)).elements())
            self.told = list(told)
            if have == wanted:
                return
            if {k: v for k, v in have.items() if k != "programs"} != {k: v for k, v in wanted.items() if k != "programs"} and _ > 20:
                break
            time.sleep(0.05)
        said = []
        for k in wanted:
            if k == "tree" or k == "programs":
                more, less = collections.Counter(have[k]), collections.Counter(wanted[k])
                said += [f"+{x}" for x in (more - less).elements()] + [f"-{x}" for x in (less - more).elements()]
            elif have[k] != wanted[k]:
                said.append(f"{k}: {have[k]!r}, not {wanted[k]!r}")
        raise Broken("another end: " + "; ".join(said)[:1500])

    # a plan cannot lie

    def honest(self, *words, env=(), limit=60):
        """apply by these words: what it does is what the plan before it said; fails as apply does."""
        plan = self.run("plan", "--json", *words)
        done = self.run("--log-format", "json", "apply", *words, env=env, limit=limit)
        if done.status == 0 and plan.status == 0:
            told_by_plan(plan.out, done.err)
        return done


def plan_steps(text):
    """The steps of `plan --json`, each way by itself."""
    steps = set()
    for c in json.loads(text)["resource_changes"]:
        actions = c["change"]["actions"]
        if "delete" in actions:
            steps.add((c["type"], c["name"], "down"))
        if "create" in actions or "update" in actions:
            steps.add((c["type"], c["name"], "up"))
    return steps


def told_by_plan(plan, log):
    done = set()
    for line in log.splitlines():
        try:
            e = json.loads(line)
        except ValueError:
            continue
        if "type" in e and e.get("action") not in (None, "begun", "doing"):
            done.add((e["type"], e["name"], "up" if e["action"] == "done" else "down"))
    if done != plan_steps(plan):
        raise Broken(f"the plan has lied: done {sorted(done - plan_steps(plan))}, not done {sorted(plan_steps(plan) - done)}")


def errors(done):
    """An error says what, and what to do; the words of an error that says nothing."""
    last = [l for l in done.err.splitlines() if l.strip()]
    if done.status != 0 and not last:
        return "no word of what went wrong"
    return None
