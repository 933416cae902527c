// Shows the options that the chosen device has, and sends no others.
const form = document.getElementById("package");

function show() {
  const target = form.elements.target.value, isNvidia = /NVIDIA|jetson/.test(target);
  for (const group of form.querySelectorAll("fieldset.options")) {
    group.hidden = group.disabled = (group.dataset.for === "NVIDIA") !== isNvidia;
    // A Jetson Xavier is known; of another device with NVIDIA all three must be named.
    for (const field of group.querySelectorAll("input")) field.required = group.dataset.for === "NVIDIA" && target.includes("/");
  }
}
form?.elements.target.addEventListener("change", show);
if (form) show();
