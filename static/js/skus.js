// Suggests SKUs while one is typed; without it the field takes any text.
"use strict";

(() => {
  const from = document.currentScript.dataset.from;
  const list = document.getElementById("skus");
  let asked = "";
  let timer = 0;

  async function suggest(text) {
    const answer = await fetch(`${from}?q=${encodeURIComponent(text)}`, {
      headers: { Accept: "application/json" },
    });
    if (!answer.ok || text !== asked) return;
    const { results } = await answer.json();
    list.replaceChildren(
      ...results.map((found) => {
        const option = document.createElement("option");
        option.value = found.sku;
        option.label = found.name;
        return option;
      }),
    );
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.getAttribute("list") !== "skus") return;
    asked = field.value.trim();
    clearTimeout(timer);
    if (asked.length > 1) timer = setTimeout(() => suggest(asked), 150);
  });
})();
