# SPDX-License-Identifier: BSD-2-Clause
#
# What a stock Debian kernel costs more beneath the TSM: a plugin for QEMU that counts, and the program that is counted.
# Included by the top Makefile, after bench.mk.

.PHONY: bench-host
bench-host: $(BENCH)/count.so $(BENCH)/tax $(BUILD)/tsm.bin linux-stable | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## what the TSM costs a stock Debian kernel, in instructions; build/bench-host.json
	$(Q)scripts/bench-host --json $(BUILD)/bench-host.json

$(BENCH)/count.so: tests/bench/linux/count.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)cc -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -Werror -fPIC -shared -fvisibility=hidden -o $@ $<

$(BENCH)/tax: tests/bench/linux/tax.c | $(DEPS)/stamps/toolchain
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@ $<
