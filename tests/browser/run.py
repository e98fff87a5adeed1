"""The HTML report and the SVG picture, opened in a real browser.

Usage: run.py WHARF OUT_DIR. Makes a plan of a changed stack on a new sandbox, opens its report in
headless Chromium, and checks what only a browser can tell: that nothing is fetched and nothing goes
wrong, that what is shown is what the plan says, that no label of the picture touches another, that text
can be read in light and in dark, and that filters and folds work. Screenshots stay in OUT_DIR.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By

ROOT = pathlib.Path(__file__).resolve().parents[2]
# WCAG 2.2, success criterion 1.4.3: text of normal size.
CONTRAST = 4.5
passed = 0


def check(what, holds, found=""):
    global passed
    if not holds:
        sys.exit(f"FAILED: {what} {found}")
    passed += 1
    print(f"ok: {what}")


def wharf(binary, home, *args, codes=(0,)):
    env = {"HOME": str(home), "WHARF_SANDBOX": str(home / "sandbox"), "WHARF_SANDBOX_SPEED": "1000"}
    run = subprocess.run([binary, *args], cwd=home, env=env, capture_output=True, text=True)
    if run.returncode not in codes:
        sys.exit(f"wharf {' '.join(args)} ended with {run.returncode}:\n{run.stdout}\n{run.stderr}")
    return run.stdout


def changed_stack(binary, home):
    """Every kind of change at once: create, update, replace, delete and drift."""
    spec = (ROOT / "specs/shop.yaml").read_text()
    (home / "wharf.yaml").write_text(spec)
    wharf(binary, home, "apply", "--yes")
    for old, new in [
        ("port: 8080", "port: 9090"),
        ('command: ["bin/worker"]', 'command: ["bin/worker", "-v"]\n    permissions: [{ allow: ["s3:GetObject"], on: ["arn:aws:s3:::shop/*"] }]'),
        ("  worker:\n", "  mail:\n    image: { tag: v1 }\n    command: [\"mail\"]\n  worker:\n"),
    ]:
        assert spec.count(old) == 1, old
        spec = spec.replace(old, new)
    (home / "wharf.yaml").write_text(spec)


def browser(profile, dark):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--window-size=1440,1000",
    ]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    return driver


def requests(driver):
    """Every address asked for, but for the page itself and data inside it."""
    found = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file://", "data:")):
                found.append(url)
    return found


OVERLAPS = """
const boxes = [...document.querySelectorAll('svg.picture text')].map(text => {
  const box = text.getBoundingClientRect();
  return {text: text.textContent, l: box.left, r: box.right, t: box.top, b: box.bottom};
});
const found = [];
for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
  const [a, b] = [boxes[i], boxes[j]];
  if (a.l < b.r && b.l < a.r && a.t + 1 < b.b && b.t + 1 < a.b) found.push([a.text, b.text]);
}
const spills = [...document.querySelectorAll('svg.picture .node')].filter(node => {
  const box = node.querySelector('.box').getBoundingClientRect();
  return [...node.querySelectorAll('text')].some(text => {
    const own = text.getBoundingClientRect();
    return own.left < box.left || own.right > box.right || own.top < box.top || own.bottom > box.bottom;
  });
}).map(node => node.textContent);
return {texts: boxes.length, found, spills};
"""

CONTRASTS = """
const parse = color => { const m = color.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; };
const light = c => { const f = c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const under = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c) return c; } return [255, 255, 255]; };
const rows = [];
for (const e of document.querySelectorAll('body *:not(svg):not(svg *):not(input)')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
  rows.push([ratio(parse(getComputedStyle(e).color), under(e)), e.className + ': ' + e.textContent.slice(0, 40)]);
}
for (const node of document.querySelectorAll('svg.picture .node')) {
  const back = parse(getComputedStyle(node.querySelector('.box')).fill);
  for (const t of node.querySelectorAll('text')) rows.push([ratio(parse(getComputedStyle(t).fill), back), 'svg ' + t.textContent]);
}
for (const t of document.querySelectorAll('svg.picture .band-name'))
  rows.push([ratio(parse(getComputedStyle(t).fill), parse(getComputedStyle(document.querySelector('svg.picture .band')).fill)), 'band ' + t.textContent]);
return rows.sort((a, b) => a[0] - b[0]);
"""


def shot(driver, path):
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    taken = driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    import base64

    path.write_bytes(base64.b64decode(taken["data"]))


def rows(driver):
    return driver.find_elements(By.CSS_SELECTOR, "details.entry")


def report(driver, page, plan, name, out):
    driver.get_log("performance")
    driver.get(page.as_uri())
    check(f"{name}: nothing in the console", not [
        entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
    ])
    asked = requests(driver)
    check(f"{name}: no requests", not asked, asked)
    wanted = {}
    for address, action in {(step["address"], step["action"]) for step in plan["steps"]}:
        wanted[action] = wanted.get(action, 0) + 1
    shown = {}
    for row in rows(driver):
        action = row.get_attribute("data-action")
        shown[action] = shown.get(action, 0) + 1
    check(f"{name}: rows by action are the plan's: {wanted}", shown == wanted, shown)
    nodes = len(driver.find_elements(By.CSS_SELECTOR, "svg.picture .node"))
    busy = {step["address"] for step in plan["steps"]}
    check(f"{name}: a box for each of {nodes} resources", nodes == len(busy | set(plan["unchanged"])))
    labels = driver.execute_script(OVERLAPS)
    check(f"{name}: none of {labels['texts']} labels overlaps", not labels["found"], labels["found"])
    check(f"{name}: every label stays in its box", not labels["spills"], labels["spills"])
    faint = driver.execute_script(CONTRASTS)
    low = [row for row in faint if row[0] < CONTRAST]
    check(f"{name}: lowest contrast of {len(faint)} texts is {faint[0][0]:.1f}", not low, low[:5])
    shot(driver, out / f"{name}.png")


def behaviour(driver, plan):
    landmarks = [len(driver.find_elements(By.CSS_SELECTOR, tag)) for tag in ("header", "main", "footer", "h1")]
    check("one header, main, footer and h1", landmarks == [1, 1, 1, 1], landmarks)
    levels = [int(h.tag_name[1]) for h in driver.find_elements(By.CSS_SELECTOR, "h1,h2,h3,h4")]
    check("headings skip no level", all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels)
    driver.execute_script("document.getElementById('only-replace').click()")
    seen = {row.get_attribute("data-action") for row in rows(driver) if row.is_displayed()}
    check("the filter leaves only what it names", seen == {"replace"}, seen)
    driver.execute_script("document.getElementById('only-all').click()")
    check("all are back", all(row.is_displayed() for row in rows(driver)))
    folded = next(row for row in rows(driver) if not row.get_attribute("open"))
    folded.find_element(By.TAG_NAME, "summary").click()
    check("an entry unfolds", folded.get_attribute("open") is not None)
    blocked = driver.execute_async_script(
        "const done = arguments[0]; fetch('data:text/plain,x').then(() => done(false), () => done(true));"
    )
    check("the policy of the page forbids requests", blocked)


def main():
    binary, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as profiles:
        home = pathlib.Path(home)
        changed_stack(binary, home)
        plan = json.loads(wharf(binary, home, "plan", "--format", "json"))
        page = home / "plan.html"
        page.write_text(wharf(binary, home, "plan", "--format", "html", "--full"))
        picture = home / "graph.svg"
        picture.write_text(wharf(binary, home, "graph", "--format", "svg"))
        for name, dark in (("light", False), ("dark", True)):
            driver = browser(os.path.join(profiles, name), dark)
            try:
                report(driver, page, plan, name, out)
                if not dark:
                    behaviour(driver, plan)
                driver.get(picture.as_uri())
                labels = driver.execute_script(OVERLAPS)
                check(f"{name}: the SVG alone: none of {labels['texts']} labels overlaps", not labels["found"] and not labels["spills"], labels)
            finally:
                driver.quit()
    print(f"browser: {passed} checks passed")


main()
