// Runs before the first paint, so that a folded side menu does not jump.
try {
  if (localStorage.getItem("gx-folded") === "1") document.documentElement.classList.add("gx-folded");
} catch {
  // Storage may be forbidden; the menu is then simply unfolded.
}
