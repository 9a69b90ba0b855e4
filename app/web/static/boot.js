// What has to happen before the WebAssembly is there: the chosen theme before
// the first paint, the loader's bar, and words when there will be no program.
(() => {
  const root = document.documentElement;
  root.dataset.script = "";
  try {
    root.dataset.theme = localStorage.getItem("fanlight.theme") ?? "";
  } catch {
    // Storage is switched off: the system's theme it is.
  }

  addEventListener("DOMContentLoaded", () => {
    const loader = document.getElementById("app-wasm-loader");
    const label = document.getElementById("app-wasm-loader-label");
    if (!loader || !label) {
      return;
    }
    const fail = (why) => {
      watch.disconnect();
      root.dataset.failed = "";
      loader.setAttribute("role", "alert");
      label.textContent =
        `This page's program did not start (${why}). Reload to try again. ` +
        "Publishing and listening by HTTP, as shown on the page, work without it.";
      const status = document.getElementById("status-words");
      if (status) {
        status.textContent = "Not started";
      }
    };
    // go-app writes the progress into the label, and any error.
    const read = () => {
      const progress = /^(\d+)%$/.exec(label.textContent.trim());
      if (!progress) {
        fail(label.textContent.trim());
        return;
      }
      loader.style.setProperty("--progress", progress[1] / 100);
    };
    const watch = new MutationObserver(read);
    watch.observe(label, { childList: true, characterData: true, subtree: true });
    if (typeof WebAssembly === "undefined") {
      fail("this browser has no WebAssembly");
    }
  });
})();
