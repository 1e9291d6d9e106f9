// Files chosen in a picker, also those chosen while the page's scripts were still on their way.
export function onPicked(picker, take) {
  function picked() {
    if (!picker.files.length) return;
    take([...picker.files]);
    picker.value = ""; // the same file may be chosen again, and going back finds nothing to send
  }
  picker.addEventListener("change", picked);
  picked();
}
