// Light, dark, or what the system says. Kept for the next visit where the browser allows it.

const THEMES = ["auto", "light", "dark"];

function storedTheme() {
  try {
    const stored = localStorage.getItem("finqa-gym-theme");
    return THEMES.includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = { auto: "Auto", light: "Light", dark: "Dark" }[theme];
  byId("theme").setAttribute("aria-label", `Colours: ${theme}. Change`);
  try {
    localStorage.setItem("finqa-gym-theme", theme);
  } catch {
    // A page opened from disk may have no storage: the choice holds until it is closed.
  }
}

function startTheme() {
  applyTheme(storedTheme());
  byId("theme").addEventListener("click", () => {
    const at = THEMES.indexOf(document.documentElement.dataset.theme);
    applyTheme(THEMES[(at + 1) % THEMES.length]);
  });
}
