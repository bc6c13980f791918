// Instead of the package `socks`: the agent connects to its broker directly.
module.exports = {};
