// What has to happen before the WebAssembly is there: the chosen theme before
// the first paint, the program on its way, the loader's bar, and words when
// there will be no program.
(() => {
  const root = document.documentElement;
  root.dataset.script = "";
  try {
    root.dataset.theme = localStorage.getItem("fanlight.theme") ?? "";
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  const size = Number(document.currentScript.dataset.size);
  if (!size) {
    return; // a page that says what is missing needs no program
  }

  // go-app's own loader would start when all styles and scripts are there, and
  // pass the program on piece by piece to count it. It is compiled from now on,
  // and straight from the service worker's cache if that has it: a browser
  // keeps what it compiled only of a response that nobody took apart.
  let came = 0;
  let bar;
  const count = async (fetched) => {
    const response = await fetched;
    if (!response.ok) {
      throw new Error(`the server answered ${response.status}`);
    }
    const counter = new TransformStream({
      transform(piece, onwards) {
        came += piece.byteLength;
        bar?.style.setProperty("--progress", came / size);
        onwards.enqueue(piece);
      },
    });
    return new Response(response.body.pipeThrough(counter), { headers: { "Content-Type": "application/wasm" } });
  };
  const compile = async () => {
    if (typeof WebAssembly === "undefined") {
      throw new Error("this browser has no WebAssembly");
    }
    const fetched = fetch("/web/app.wasm");
    return WebAssembly.compileStreaming(navigator.serviceWorker?.controller ? fetched : count(fetched));
  };
  const program = compile();
  program.catch(() => {}); // start says it

  // start runs once go-app's scripts have.
  const start = async () => {
    bar = document.getElementById("app-wasm-loader");
    const label = document.getElementById("app-wasm-loader-label");
    if (!bar || !label) {
      return;
    }
    try {
      if (goappCanLoadWebAssembly()) {
        const go = new Go();
        go.run(await WebAssembly.instantiate(await program, go.importObject));
      }
      bar.remove();
    } catch (why) {
      console.error("the program did not start:", why);
      root.dataset.failed = "";
      bar.setAttribute("role", "alert");
      label.textContent =
        `This page's program did not start (${why.message ?? why}). Reload to try again. ` +
        "Publishing and listening by HTTP, as shown on the page, work without it.";
      const status = document.getElementById("status-words");
      if (status) {
        status.textContent = "Not started";
      }
    }
  };
  addEventListener("DOMContentLoaded", start);
})();
