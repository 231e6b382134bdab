# SPDX-License-Identifier: BSD-2-Clause
#
# The monitor with the oracle in it, for the conformance suite in QEMU (target.c, run.py). Included by the top Makefile.

ORACLE_OUT		:= $(BUILD)/oracle
ORACLE_WRAPPED		:= page_bank_add host_space_init host_space_enter host_space_leave abi_host_ecall abi_tvm_ecall abi_tvm_exception trap_handle
ORACLE_SRC		:= $(wildcard tsm/check/*.c) tests/oracle/target.c tests/oracle/seeds.c

# The oracle's own variables apart, so that those of the monitor can be compared.
$(ORACLE_OUT)/tsm.ld: linker/tsm.ld tests/oracle/target.mk
	@mkdir -p $(@D)
	$(Q)sed 's|^\([[:space:]]*\)\(\*(.bss .bss.*COMMON)\)$$|\1*/tsm/check/*.o(.bss .bss.*) */tests/oracle/*.o(.bss .bss.*) . = ALIGN(8); oracle_vars_start = .;\n\1\2\n\1. = ALIGN(8); oracle_vars_end = .;|' $< > $@
	$(Q)grep -q oracle_vars_end $@

.PHONY: oracle-image oracle-check oracle-long
oracle-image: $(ORACLE_OUT)/tsm.ld
	$(Q)$(MAKE) -s BUILD=$(ORACLE_OUT) LINKER_SCRIPT=$< EXTRA_CFLAGS=-Itests EXTRA_SRC="$(ORACLE_SRC)" \
		EXTRA_LDFLAGS="$(patsubst %,--wrap=%,$(sort $(ORACLE_WRAPPED) $(SEEDED)))" $(ORACLE_OUT)/tsm.bin

oracle-check oracle-long: oracle-%: oracle-image $(BUILD)/conformance/testhost.bin | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi
	$(Q)tests/oracle/run.py $*
