// Instead of `worker-timers`, which is for browsers.
module.exports = { setInterval, clearInterval, setTimeout, clearTimeout };
