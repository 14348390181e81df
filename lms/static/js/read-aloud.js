// Reads a part aloud with the voice of the phone. Without one the button stays hidden and nothing is lost.
const button = document.querySelector('[data-read-aloud]');
const synth = window.speechSynthesis;
const VOICE_WAIT = 3000;

function voiceFor(language) {
  const wanted = language.toLowerCase().slice(0, 2);
  return synth.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(wanted));
}

function setUp() {
  const language = button.dataset.lang;
  const lines = JSON.parse(document.getElementById(button.dataset.readAloud).textContent);
  const words = button.querySelector('.btn__t');
  const label = words.textContent;
  let reading = 0; // each press begins another reading; lines of an earlier one stay silent

  function stop() {
    reading += 1;
    synth.cancel();
    words.textContent = label;
    button.setAttribute('aria-pressed', 'false');
  }

  function say(at, mine) {
    if (mine !== reading) return;
    if (at >= lines.length) { stop(); return; }
    // one line at a time: phones fall silent in the middle of long texts
    const line = new SpeechSynthesisUtterance(lines[at]);
    line.lang = language;
    line.rate = 0.9;
    const voice = voiceFor(language);
    if (voice) line.voice = voice;
    line.onend = () => say(at + 1, mine);
    line.onerror = () => { if (mine === reading) stop(); };
    synth.speak(line);
  }

  button.addEventListener('click', () => {
    if (button.getAttribute('aria-pressed') === 'true') { stop(); return; }
    synth.cancel();
    reading += 1;
    words.textContent = button.dataset.stop;
    button.setAttribute('aria-pressed', 'true');
    say(0, reading);
  });
  addEventListener('pagehide', stop);
  button.hidden = false;
}

if (button && synth && window.SpeechSynthesisUtterance) {
  // the list of voices may come later
  const ready = () => { if (button.hidden && voiceFor(button.dataset.lang)) setUp(); };
  ready();
  if (button.hidden && synth.addEventListener) synth.addEventListener('voiceschanged', ready);
}
