# SPDX-License-Identifier: BSD-2-Clause
#
# The model and the monitor in one program: part of the top Makefile. MODEL_FAULTY: a file of tsm/, and MODEL_COPY: what stands
# in for it (scripts/model puts a fault there); MODEL_EXPLORE is the program then.

MODEL_OUT		:= $(BUILD)/model
MODEL_EXPLORE		?= $(MODEL_OUT)/explore
MODEL_FAULTY		?=
MODEL_COPY		?=
MODEL_CODE		= $(filter-out tests/oracle/% tsm/check/% $(MODEL_FAULTY),$(UNIT_RIG))
MODEL_LIBS		:= $(addprefix $(MODEL_OUT)/third_party/,libfdt.a libmbedcrypto.a)
MODEL_SRC		:= $(wildcard tests/model/*.c)
MODEL_CFLAGS		:= -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Iinclude -Ilib -Ilib/rv/host -Itsm -Iplatform -Itests \
			   -Itests/model -I$(OUT)/include $(THIRD_PARTY_INCLUDES)

$(eval $(call third_party_rules,$(MODEL_OUT),gcc,ar,-O2))

$(MODEL_OUT)/obj/%.o: %.c $(GEN)/config.h | $(DEPS)/stamps/src
	@mkdir -p $(@D)
	$(Q)gcc $(MODEL_CFLAGS) -Werror -MMD -MP -c $< -o $@

$(MODEL_EXPLORE): $(patsubst %.c,$(MODEL_OUT)/obj/%.o,$(MODEL_SRC) $(MODEL_CODE)) $(MODEL_COPY) $(MODEL_LIBS)
	$(call say,MODEL,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(MODEL_CFLAGS) -w $^ -lcmocka -o $@

# Larger bounds.
$(MODEL_OUT)/explore-large: $(MODEL_SRC) $(patsubst %.c,$(MODEL_OUT)/obj/%.o,$(MODEL_CODE)) $(MODEL_LIBS)
	$(call say,MODEL,$@)
	$(Q)gcc $(MODEL_CFLAGS) -DMODEL_PAGES=3 -DMODEL_HARTS=3 $^ -lcmocka -o $@

-include $(shell find $(MODEL_OUT)/obj -name '*.d' 2>/dev/null)
