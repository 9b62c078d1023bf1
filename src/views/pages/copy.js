// Shows the buttons that copy what stands beside them, where a browser lets pages copy.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add('done');
      button.querySelector('[role=status]').textContent = button.dataset.copied;
    });
  }
}
