# SPDX-License-Identifier: BSD-2-Clause
#
# Host-native unit tests (cmocka) of tsm/ and lib/, under ASan and UBSan: the same C that ships, compiled for the build
# machine. Each UNIT_TESTS name has a tests/unit/<name>_test.c (or <name>_MAIN.c) with a main(); <name>_SRC lists the sources it is linked with.
# Variables from the top: BUILD, DEPS, WARN, Q, say, and lib/third_party.mk. `make unit` builds and runs them all; TAP on stdout.

UNIT_TESTS		+= string fmt log isa fdt_reader machine host_dt fdt_hostile sha384 csr_classes cbor dice

UNIT_FDT		:= $(addprefix lib/fdt/,devices.c fdt_reader.c fdt_writer.c imsic.c isa.c machine.c)
UNIT_HOST_DT		:= $(UNIT_FDT) tsm/host/dt.c tsm/host/dt_devices.c lib/base/fmt.c

string_SRC		:=
fmt_SRC			:= lib/base/fmt.c
log_SRC			:= lib/log/log.c lib/base/fmt.c
isa_SRC			:= lib/fdt/isa.c
fdt_reader_SRC		:= $(UNIT_FDT) tests/unit/tree.c
machine_SRC		:= $(UNIT_FDT) tests/unit/tree.c
host_dt_SRC		:= $(UNIT_HOST_DT) tests/unit/tree.c
fdt_hostile_SRC		:= $(UNIT_HOST_DT) tests/unit/tree.c tests/unit/tree_try.c
csr_classes_SRC		:=
sha384_SRC		:= lib/crypto/sha384.c $(SHA512_SRC)
cbor_SRC		:= lib/cbor/cbor.c
UNIT_DICE		:= $(wildcard lib/dice/*.c) lib/cbor/cbor.c $(sha384_SRC)
dice_SRC		:= $(UNIT_DICE)

UNIT_OUT		:= $(BUILD)/unit
UNIT_CC			:= gcc
UNIT_SANITIZE		:= -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS		:= -std=gnu11 -g -O1 $(UNIT_SANITIZE) -fno-omit-frame-pointer -DUNIT_DTB='"$(UNIT_OUT)/dtb"' \
			   -Iinclude -Ilib -Ilib/rv/host -Itsm -Iplatform -Itests -ffile-prefix-map=$(CURDIR)/= \
			   $(THIRD_PARTY_INCLUDES)
UNIT_DTB		:= $(patsubst tests/unit/dts/%.dts,$(UNIT_OUT)/dtb/%.dtb,$(wildcard tests/unit/dts/*.dts))
-include tests/unit/tsm_tests.mk

UNIT_LIBS		:= $(UNIT_OUT)/third_party/libfdt.a $(UNIT_OUT)/third_party/libmbedcrypto.a
UNIT_BINS		:= $(UNIT_TESTS:%=$(UNIT_OUT)/%)

$(eval $(call third_party_rules,$(UNIT_OUT),$(UNIT_CC),ar,-g $(UNIT_SANITIZE)))

# Our sources keep the flags of the target build; cmocka's macros do not stand -Wconversion.
$(UNIT_OUT)/obj/tests/%.o: tests/%.c | $(DEPS)/stamps/src
	$(call say,UNIT,$<)
	@mkdir -p $(@D)
	$(Q)$(UNIT_CC) $(UNIT_CFLAGS) -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -MMD -MP -c $< -o $@

$(UNIT_OUT)/obj/%.o: %.c | $(DEPS)/stamps/src
	@mkdir -p $(@D)
	$(Q)$(UNIT_CC) $(UNIT_CFLAGS) $(WARN) -MMD -MP -c $< -o $@

# The monitor's variables stand together, so that the oracle can tell whether a refused call has changed any.
$(UNIT_OUT)/obj/tsm/%.o: tsm/%.c tests/unit/unit.mk | $(DEPS)/stamps/src
	@mkdir -p $(@D)
	$(Q)$(UNIT_CC) $(UNIT_CFLAGS) $(WARN) -MMD -MP -c $< -o $@
	$(Q)objcopy --rename-section .bss=tsm_bss --rename-section .data=tsm_data $@

# The oracle runs after every call: it is compiled to be fast.
UNIT_FAST		= $(filter-out $(UNIT_SANITIZE) -O1,$(UNIT_CFLAGS)) -O2

$(UNIT_OUT)/obj/tsm/check/%.o: tsm/check/%.c tests/unit/unit.mk | $(DEPS)/stamps/src
	@mkdir -p $(@D)
	$(Q)$(UNIT_CC) $(UNIT_FAST) $(WARN) -MMD -MP -c $< -o $@

$(UNIT_OUT)/obj/tests/oracle/watch.o $(UNIT_OUT)/obj/tests/oracle/shadow.o $(UNIT_OUT)/obj/tests/oracle/tlb.o: \
		$(UNIT_OUT)/obj/tests/oracle/%.o: tests/oracle/%.c tests/unit/unit.mk | $(DEPS)/stamps/src
	@mkdir -p $(@D)
	$(Q)$(UNIT_CC) $(UNIT_FAST) -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -MMD -MP -c $< -o $@

$(UNIT_OUT)/dtb/%.dtb: tests/unit/dts/%.dts | $(DEPS)/stamps/toolchain
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

define unit_rule
$(UNIT_OUT)/$(1): $(UNIT_OUT)/obj/$(or $($(1)_MAIN),tests/unit/$(1)_test).o $($(1)_SRC:%.c=$(UNIT_OUT)/obj/%.o) $(UNIT_LIBS) | $(UNIT_DTB)
	$$(Q)$(UNIT_CC) $(UNIT_SANITIZE) $($(1)_LDFLAGS) $$(filter %.o,$$^) $(UNIT_LIBS) -lcmocka -o $$@
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_rule,$(t))))

.PHONY: unit
unit: $(UNIT_BINS) ## host-native unit tests
	$(Q)failed=; for t in $(UNIT_BINS); do CMOCKA_MESSAGE_OUTPUT=TAP $$t || failed="$$failed $$t"; done; \
		if [ -n "$$failed" ]; then echo "unit tests failed:$$failed" >&2; exit 1; fi

-include $(shell find $(UNIT_OUT)/obj -name '*.d' 2>/dev/null)
