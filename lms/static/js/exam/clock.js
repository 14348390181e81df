// The time left, as the server said it last. Moving the phone's own clock changes what is drawn, never what counts.
export class Clock {
  // warn(seconds): called once at each threshold; over(): at the end
  constructor(box, left, thresholds, warn, over) {
    this.box = box;
    this.thresholds = thresholds.filter((each) => each < left);
    this.warn = warn;
    this.over = over;
    this.set(left);
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  set(left) { this.end = Date.now() + left * 1000; }

  tick() {
    const left = Math.max(0, Math.round((this.end - Date.now()) / 1000));
    this.box.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    while (this.thresholds.length && left <= this.thresholds[0]) this.warn(this.thresholds.shift());
    if (left === 0) {
      clearInterval(this.timer);
      this.over();
    }
  }
}
