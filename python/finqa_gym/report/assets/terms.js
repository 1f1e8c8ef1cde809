// What a name means, shown beside it on hover, focus and tap.

let meanings = {};

function startTerms(known) {
  meanings = known;
  const tip = byId("tip");
  let owner = null;

  const show = (target) => {
    const { kind, name } = target.dataset;
    const meaning = (meanings[kind] || {})[name];
    if (owner) owner.removeAttribute("aria-describedby");
    owner = target;
    tip.replaceChildren(el("code", {}, name), meaning ? ` ${meaning}` : "");
    tip.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    const box = target.getBoundingClientRect();
    const width = Math.min(340, innerWidth - 16);
    tip.style.width = "max-content";
    tip.style.maxWidth = `${width}px`;
    const left = Math.min(Math.max(8, box.left), innerWidth - tip.offsetWidth - 8);
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? box.bottom + 6 : box.top - 6 - tip.offsetHeight}px`;
  };
  const hide = () => {
    if (owner) owner.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  };
  const termOf = (event) => (event.target instanceof Element ? event.target.closest(".term") : null);

  document.addEventListener("mouseover", (event) => {
    const target = termOf(event);
    if (target) show(target);
    else if (owner && owner !== document.activeElement) hide();
  });
  document.addEventListener("focusin", (event) => (termOf(event) ? show(termOf(event)) : hide()));
  document.addEventListener("click", (event) => (termOf(event) ? show(termOf(event)) : hide()));
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
