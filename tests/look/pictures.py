#!/usr/bin/env python3
"""pictures.py FOLDER PAGE...: each page of `limactl report` in a headless Chromium, as those see it who look at it.

At two widths, light and dark: nothing to be said in the console, nothing wider than the window, every text told from its ground
(a contrast of 4.5). By keyboard: the first stop leads to the contents, a row of the timeline opens. By screen reader: sections and
tables have names. In print: pages. The pictures stay in FOLDER. Ends with "N passed, N failed"."""
import base64, fcntl, json, os, signal, subprocess, sys, tempfile

PROGRAM = os.environ.get("CHROMIUM", "chromium")
WITHIN_S = 120
CONTRAST = r"""(() => {
  const rgb = s => s.match(/[\d.]+/g).map(Number);
  const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.body.querySelectorAll('*')) {
    if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    const a = lum(rgb(getComputedStyle(e).color)), b = lum(ground(e)), r = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (r < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + r.toFixed(2));
  }
  return [...new Set(bad)].slice(0, 5);
})()"""


# What reaches beyond the window, the innermost last.
WIDER = """[...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth).slice(-3)
  .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 60))"""


class Browser:
    """Chromium's DevTools, by a pipe: no port, no library."""

    def __init__(self, home):
        (to_r, self.to), (self.come, from_w) = os.pipe(), os.pipe()
        to_r, from_w = fcntl.fcntl(to_r, fcntl.F_DUPFD, 20), fcntl.fcntl(from_w, fcntl.F_DUPFD, 20)

        def pipes():
            os.dup2(to_r, 3)
            os.dup2(from_w, 4)

        self.process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={home}",
             "--remote-debugging-pipe", "about:blank"], preexec_fn=pipes, close_fds=False, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_r)
        os.close(from_w)
        self.rest, self.n, self.session, self.said = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(domain + ".enable")

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.come, 1 << 20)
            if not more:
                raise SystemExit("the browser has ended")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(params)[:300])
        if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("file:"):
            self.said.append("asked for " + params["request"]["url"])
        return message

    def ask(self, method, **params):
        self.n += 1
        message = {"id": self.n, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.n:
                assert "error" not in answer, answer
                return answer["result"]

    def wait(self, method):
        while self.read().get("method") != method:
            pass

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, key, code, text=""):
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def show(self, path, width, scheme):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait("Page.loadEventFired")

    def picture(self, path, width, most=2400):
        height = min(self.value("document.documentElement.scrollHeight"), most)
        png = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        with open(path, "wb") as f:
            f.write(base64.b64decode(png["data"]))


passed = failed = 0


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(("ok " if ok else "NOT OK ") + what + ("" if ok else f": {detail}"))


def looks(b, folder, page):
    name = os.path.splitext(os.path.basename(page))[0]
    for width in (400, 1200):
        for scheme in ("light", "dark"):
            what = f"{name} {width} {scheme}"
            b.show(page, width, scheme)
            b.picture(f"{folder}/{name}-{width}-{scheme}.png", width)
            wide = b.value("document.documentElement.scrollWidth")
            check(f"{what}: nothing is wider than the window", wide <= width, b.value(WIDER))
            ground = b.value("getComputedStyle(document.body).backgroundColor")
            check(f"{what}: its ground", (ground == "rgb(255, 255, 255)") == (scheme == "light"), ground)
            b.value("document.querySelectorAll('details').forEach((d, i) => { d.open = i < 8 })")
            bad = b.value(CONTRAST)
            check(f"{what}: text can be told from its ground", not bad, bad)
            wide = b.value("document.documentElement.scrollWidth")
            check(f"{what}: nor with its rows open", wide <= width, b.value(WIDER))
    check(f"{name}: no script", b.value("document.scripts.length") == 0)


def keyboard(b, page, name):
    b.show(page, 1200, "light")
    b.key("Tab", 9)
    check(f"{name}: the first stop leads to the contents", b.value("document.activeElement.getAttribute('href')") == "#content")
    b.value("(document.querySelector('.time summary') || document.querySelector('summary')).focus()")
    b.key("Enter", 13, "\r")
    check(f"{name}: a row opens", b.value("document.activeElement.parentElement.open") is True)
    seen = []
    for _ in range(12):
        b.key("Tab", 9)
        seen.append(b.value("document.activeElement.tagName"))
    check(f"{name}: further stops are reached", len(set(seen) - {"BODY"}) > 0, seen)


def reader(b, name):
    nodes = b.ask("Accessibility.getFullAXTree")["nodes"]
    told = [(n["role"]["value"], (n.get("name") or {}).get("value", "")) for n in nodes if not n.get("ignored") and n.get("role")]
    headings = [t for r, t in told if r == "heading"]
    check(f"{name}: headings are told", "Graph" in headings and "Host" in headings, headings)
    regions = [t for r, t in told if r == "region"]
    check(f"{name}: sections have names", regions and all(regions), regions)
    check(f"{name}: tables have names and heads", all(t for r, t in told if r == "table") and "columnheader" in [r for r, _ in told] and "rowheader" in [r for r, _ in told])


def main():
    folder, pages = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="lp.", ignore_cleanup_errors=True) as home:
        b = Browser(home)
        try:
            for page in pages:
                name = os.path.splitext(os.path.basename(page))[0]
                looks(b, folder, page)
                keyboard(b, page, name)
                reader(b, name)
                pdf = base64.b64decode(b.ask("Page.printToPDF", printBackground=False)["data"])
                check(f"{name}: it can be printed", pdf.startswith(b"%PDF") and len(pdf) > 10000, len(pdf))
                elements = b.value("document.querySelectorAll('*').length")
                check(f"{name}: it has {elements} elements", elements < 30000, elements)
            check("nothing in the console, nothing asked for", not b.said, b.said[:3])
        finally:
            # its helpers too, which write into its folder to their end
            os.killpg(b.process.pid, signal.SIGKILL)
            b.process.wait()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
