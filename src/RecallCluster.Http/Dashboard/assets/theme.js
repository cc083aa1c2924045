// Runs before the first paint, so that the page does not flash in the other theme.
(() => {
  const names = ["auto", "light", "dark"];
  const read = () => {
    try {
      return localStorage.getItem("recall.theme");
    } catch {
      return null; // Storage may be forbidden; the theme then lasts as long as the page.
    }
  };
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
  let current = names.includes(read()) ? read() : "auto";
  const apply = () => {
    document.documentElement.dataset.theme = current === "auto" ? (systemIsDark.matches ? "dark" : "light") : current;
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  apply();
  systemIsDark.addEventListener("change", apply);
  window.recallTheme = {
    get current() {
      return current;
    },
    next() {
      current = names[(names.indexOf(current) + 1) % names.length];
      try {
        localStorage.setItem("recall.theme", current);
      } catch {
        // As above.
      }
      apply();
    },
  };
})();
