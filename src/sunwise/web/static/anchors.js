// A link to one row of a page that is drawn after it has loaded: the row is shown, marked and focused.

const shown = { hash: "" };

/** Goes to the row that the address names: once, for a page is drawn anew every half minute. */
export function goToAnchor() {
  const row = document.getElementById(location.hash.slice(1));
  row?.classList.add("is-meant");
  if (!row || shown.hash === location.hash) return;
  shown.hash = location.hash;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

addEventListener("hashchange", () => {
  for (const row of document.querySelectorAll(".is-meant")) row.classList.remove("is-meant");
  shown.hash = "";
  goToAnchor();
});
