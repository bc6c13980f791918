// Optional native helpers of `ws`: without them it uses its own JavaScript.
throw new Error('not bundled');
