// Before anything is painted: the colours chosen last time, so that the page does not flash.
try {
  const stored = localStorage.getItem("finqa-gym-theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
} catch {
  // No storage: what the system says.
}
