# SPDX-License-Identifier: BSD-2-Clause
#
# The program that stands in the TSM's place in the tests of our firmware, in three forms: without a TSM's header, with it,
# and with one byte changed. `make firmware-tests` builds them, `make check-firmware` runs them as well. `make check-evidence`
# judges what TVMs obtain beneath Linux on our firmware and on a stock one.

PROBE_OUT	:= $(BUILD)/tests/firmware
PROBES		:= $(addprefix $(PROBE_OUT)/,plain.bin probe.bin changed.bin)
PROBE_CFLAGS	:= -std=gnu11 -O2 -g -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -ffreestanding -fno-pic \
		   -fno-stack-protector -fno-strict-aliasing -Wall -Wextra -Wshadow -Werror -Iinclude

.PHONY: firmware-tests check-firmware check-evidence
firmware-tests: $(PROBES) firmware $(BUILD)/tsm.bin $(BUILD)/conformance/testhost.bin

check-firmware: firmware-tests | $(DEPS)/stamps/verify $(DEPS)/stamps/qemu
	$(Q)tests/firmware/run.py

check-evidence: firmware $(BUILD)/tsm.bin linux-stable | $(DEPS)/stamps/verify $(DEPS)/stamps/qemu
	$(Q)tests/attest/system.py

$(PROBE_OUT)/plain.elf: PROBE_CFLAGS += -DPROBE_PLAIN
$(PROBE_OUT)/probe.elf: PROBE_CFLAGS += -DPROBE_HEADER
$(PROBE_OUT)/changed.elf: PROBE_CFLAGS += -DPROBE_HEADER -DPROBE_CHANGED

$(PROBE_OUT)/%.elf: tests/firmware/probe.c tests/firmware/start.S tests/firmware/probe.ld include/cove/attest_handoff.h \
		    | $(DEPS)/stamps/toolchain
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc $(PROBE_CFLAGS) -nostdlib -static -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-T tests/firmware/probe.ld -o $@ tests/firmware/start.S tests/firmware/probe.c

$(PROBE_OUT)/%.bin: $(PROBE_OUT)/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@
