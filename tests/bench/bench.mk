# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmark: a VS-mode program on the conformance suite's runtime. Included by the top Makefile, after conformance.mk.

BENCH		:= $(BUILD)/bench
BENCH_SRC	:= $(wildcard tests/bench/host/*.c tests/bench/host/*.S)
BENCH_OBJ	:= $(addprefix $(BENCH)/,$(addsuffix .o,$(basename $(BENCH_SRC:tests/bench/%=%))))

bench: $(BENCH)/bench.bin $(CONF_TSM) | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi ## instructions per operation, against the targets; build/bench.json
	$(Q)scripts/bench --kernel $(CONF_TSM) --image $< --json $(BUILD)/bench.json --scaling

bench-check bench-write: bench-%: $(BENCH)/bench.bin $(CONF_TSM) | $(DEPS)/stamps/qemu $(DEPS)/stamps/opensbi
	$(Q)scripts/bench --kernel $(CONF_TSM) --image $< --json $(BUILD)/bench.json --$*

$(BENCH)/bench.bin: $(BENCH)/bench.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

$(BENCH)/bench.elf: tests/conformance/rt/host.ld $(CONF_RT) $(BENCH_OBJ)
	$(call say,LD,$@)
	$(Q)$(CONF_LD) -pie -Wl,--no-dynamic-linker -Wl,-z,norelro -T $< -o $@ $(CONF_RT) $(BENCH_OBJ)

$(BENCH)/%.o: tests/bench/%.c | $(DEPS)/stamps/toolchain
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CONF_CC) $(CONF_CFLAGS) -MMD -MP -c $< -o $@

$(BENCH)/%.o: tests/bench/%.S | $(DEPS)/stamps/toolchain
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CONF_CC) $(CONF_ARCH) -fpie -Iinclude -MMD -MP -c $< -o $@

-include $(BENCH_OBJ:.o=.d)
