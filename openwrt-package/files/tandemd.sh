#!/bin/sh
# The flags keep the heap small; docs/configuration.md says what each of them is worth.
# glibc keeps what compiling the program took, unless told not to; musl gives it back by itself.
export MALLOC_TRIM_THRESHOLD_=65536
# Where there is no ca.pem the device's list of authorities counts (package ca-bundle), not node's.
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
exec node --max-semi-space-size=1 --max-old-space-size=48 --v8-pool-size=0 \
	--no-turbofan --max-inlined-bytecode-size-cumulative=600 --expose-gc --use-openssl-ca /usr/lib/tandem/tandemd.cjs "$@"
