#!/bin/sh
# The flags keep the heap small; docs/configuration.md says what each of them is worth.
exec node --optimize-for-size --max-semi-space-size=1 --max-old-space-size=48 --v8-pool-size=0 \
	--interrupt-budget=10000000 /usr/lib/tandem/tandemd.cjs "$@"
