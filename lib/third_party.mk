# SPDX-License-Identifier: BSD-2-Clause
#
# libfdt and mbedTLS as static libraries, from the sources that `scripts/deps src` brings to $(DEPS)/src; with mbedTLS goes
# libsodium's Ed25519 (`scripts/deps sodium-src`), which mbedTLS lacks. They are built
# with our own small hosted headers (lib/base/shim) in place of a C library, for the target and for the build machine alike.
#
#   $(eval $(call third_party_rules,DIR,CC,AR,FLAGS))
#
# gives rules for DIR/third_party/libfdt.a and DIR/third_party/libmbedcrypto.a. FLAGS selects the architecture (and, for
# host-native tests, the sanitizers); optimisation is chosen here.

DEPS			?= build/deps
THIRD_PARTY_FDT		:= $(DEPS)/src/dtc/libfdt
THIRD_PARTY_MBEDTLS	:= $(DEPS)/src/mbedtls
THIRD_PARTY_SODIUM	:= $(DEPS)/src/libsodium/src/libsodium

# In place of a C library, for the target.
THIRD_PARTY_SHIM	:= -isystem lib/base/shim

# What third-party code is compiled with on top of FLAGS. Its warnings are not ours to fix.
THIRD_PARTY_CFLAGS	:= -std=gnu11 -ffreestanding -nostdinc $(THIRD_PARTY_SHIM) -Ilib -w \
			   -ffunction-sections -fdata-sections -fno-common -fno-jump-tables \
			   -ffile-prefix-map=$(CURDIR)/= -ffile-prefix-map=$(DEPS)/src/=

# Include path of our code that uses them; on the target, THIRD_PARTY_SHIM as well.
THIRD_PARTY_INCLUDES	:= -isystem $(THIRD_PARTY_FDT) -isystem $(THIRD_PARTY_MBEDTLS)/include \
			   -isystem $(THIRD_PARTY_SODIUM)/include/sodium -isystem $(THIRD_PARTY_SODIUM)/include \
			   -DMBEDTLS_CONFIG_FILE='"crypto/mbedtls_config.h"' -DCONFIGURED=1 -DHAVE_TI_MODE=1 -DNATIVE_LITTLE_ENDIAN=1

# fdt_wip.c and fdt_rw.c are for tests: trees are written by lib/fdt/fdt_writer.c. What nobody calls is not linked.
THIRD_PARTY_FDT_SRC	:= fdt.c fdt_ro.c fdt_check.c fdt_wip.c fdt_strerror.c fdt_rw.c
THIRD_PARTY_CRYPTO_SRC	:= sha512.c md.c hkdf.c hmac_drbg.c bignum.c bignum_core.c constant_time.c ecp.c ecp_curves.c \
			   ecdsa.c chacha20.c poly1305.c chachapoly.c asn1parse.c asn1write.c platform.c platform_util.c \
			   memory_buffer_alloc.c
THIRD_PARTY_SODIUM_SRC	:= crypto_core/ed25519/ref10/ed25519_ref10.c crypto_hash/sha512/cp/hash_sha512_cp.c \
			   $(addprefix crypto_sign/ed25519/ref10/,open.c sign.c)
# What else libsodium would bring is in lib/notary/ed25519.c.
THIRD_PARTY_SODIUM_DEFS	:= -DCONFIGURED=1 -DHAVE_TI_MODE=1 -DNATIVE_LITTLE_ENDIAN=1 -Dabort=__builtin_trap

# The directory of stdarg.h and its like: gcc and clang name it by different options.
third_party_cc_include	= $(shell if $(1) --version | grep -q clang; then echo "$$($(1) -print-resource-dir)/include"; \
			  else $(1) -print-file-name=include; fi)

# The sources do not exist when make reads this file, so objects depend on the stamp of their download.
define third_party_rules
$(1)/third_party/libfdt/%.o: $(DEPS)/stamps/src lib/third_party.mk lib/base/string.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(4) $(THIRD_PARTY_CFLAGS) -isystem $$(call third_party_cc_include,$(2)) -Os -I$(THIRD_PARTY_FDT) \
		-c $(THIRD_PARTY_FDT)/$$*.c -o $$@

$(1)/third_party/mbedcrypto/%.o: $(DEPS)/stamps/src lib/third_party.mk lib/base/string.h lib/crypto/mbedtls_config.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(4) $(THIRD_PARTY_CFLAGS) -isystem $$(call third_party_cc_include,$(2)) -O2 \
		-I$(THIRD_PARTY_MBEDTLS)/include -I$(THIRD_PARTY_MBEDTLS)/library \
		-DMBEDTLS_CONFIG_FILE='"crypto/mbedtls_config.h"' -c $(THIRD_PARTY_MBEDTLS)/library/$$*.c -o $$@

$(1)/third_party/sodium/%.o: $(DEPS)/stamps/sodium-src lib/third_party.mk lib/base/string.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(4) $(THIRD_PARTY_CFLAGS) -isystem $$(call third_party_cc_include,$(2)) -Os $(THIRD_PARTY_SODIUM_DEFS) \
		$$(if $$(findstring /crypto_sign/,$$@),-Dge25519_scalarmult_base=ed25519_scalarmult_base) \
		-I$(THIRD_PARTY_SODIUM)/include/sodium -I$(THIRD_PARTY_SODIUM)/include -c $(THIRD_PARTY_SODIUM)/$$*.c -o $$@

$(1)/third_party/libfdt.a: $(THIRD_PARTY_FDT_SRC:%.c=$(1)/third_party/libfdt/%.o)
	$$(Q)rm -f $$@ && $(3) crD $$@ $$^

$(1)/third_party/libmbedcrypto.a: $(THIRD_PARTY_CRYPTO_SRC:%.c=$(1)/third_party/mbedcrypto/%.o) \
				  $(THIRD_PARTY_SODIUM_SRC:%.c=$(1)/third_party/sodium/%.o)
	$$(Q)rm -f $$@ && $(3) crD $$@ $$^
endef
