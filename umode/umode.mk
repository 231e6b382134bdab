# SPDX-License-Identifier: BSD-2-Clause
#
# The U-mode program (umode/, lib/notary, lib/dice, mbedTLS): an ELF of its own address space, a flat image of which is part of
# the monitor's rodata (tsm/task/image.S).

UMODE_SRC	:= umode/main.c $(wildcard lib/notary/*.c lib/dice/*.c lib/cbor/*.c) lib/crypto/sha384.c lib/crypto/sha512_block.c lib/crypto/sha512_plain.c \
		   lib/base/string.c
UMODE_OBJS	:= $(OUT)/umode/start.o $(UMODE_SRC:%.c=$(OUT)/%.o)

$(OUT)/umode/umode.ld: umode/umode.ld lib/notary/layout.h
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -Ilib $< -o $@

$(OUT)/umode/umode.elf: $(OUT)/umode/umode.ld $(UMODE_OBJS) $(OUT)/third_party/libmbedcrypto.a
	$(call say,LD,$@)
	$(Q)$(LD) -nostdlib -static --gc-sections --build-id=none --fatal-warnings -T $< -o $@ -Map=$(OUT)/umode/umode.map \
		$(UMODE_OBJS) $(OUT)/third_party/libmbedcrypto.a $(LIBGCC_LP64)

$(OUT)/umode/umode.bin: $(OUT)/umode/umode.elf
	$(Q)$(OBJCOPY) -O binary -j .text -j .rodata -j .data $< $@

$(OUT)/tsm/task/image.o: $(OUT)/umode/umode.bin
$(OUT)/tsm/task/image.o: ASFLAGS += -DUMODE_IMAGE='"$(OUT)/umode/umode.bin"'
