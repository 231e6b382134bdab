# SPDX-License-Identifier: BSD-2-Clause
#
# The rig and the oracle in other builds than the unit tests': for ThreadSanitizer (gcc's, which finds the names for its
# suppressions without help) and for libFuzzer (clang's).
# Part of tsm_tests.mk. `make threads` and `make fuzz-check` run a bounded part, `make fuzz HOURS=n` and
# `make threads THREADS_CALLS=n` as much as is asked for.

CLANG			?= clang-19
VARIANT_CFLAGS		= $(filter-out $(UNIT_SANITIZE) -O1 -fno-omit-frame-pointer,$(UNIT_CFLAGS)) -O2 -g

#   $(eval $(call variant_rules,DIR,CC,SANITIZERS,INCLUDES))
# gives rules for DIR/obj/%.o. The oracle is not instrumented: it looks while nothing else happens.
define variant_rules
$(1)/obj/tsm/check/%.o $(1)/obj/tests/oracle/watch.o $(1)/obj/tests/oracle/shadow.o $(1)/obj/tests/oracle/tlb.o: VARIANT := -D_GNU_SOURCE
$(1)/obj/%.o: VARIANT := $(3) $(WARN)
$(1)/obj/tests/%.o: VARIANT := $(3) -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror

$(1)/obj/%.o: %.c tests/oracle/variants.mk | $(DEPS)/stamps/fuzz $(DEPS)/stamps/src $(GEN)/config.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(4) $$(VARIANT_CFLAGS) $$(VARIANT) -MMD -MP -c $$< -o $$@
	$$(Q)case $$< in tsm/check/*) ;; tsm/*) objcopy --rename-section .bss=tsm_bss --rename-section .data=tsm_data $$@ ;; esac

$(call third_party_rules,$(1),$(2),ar,-g $(3))
endef

# --- harts that are threads ----------------------------------------------------------------------------------------

THREADS_OUT		:= $(BUILD)/threads
THREADS_WRAPPED		:= page_claim page_commit tvm_build_end
THREADS_SRC		:= $(UNIT_RIG) tests/oracle/play.c tests/threads/threads_test.c

$(eval $(call variant_rules,$(THREADS_OUT),$(UNIT_CC),-fsanitize=thread -Wno-tsan,-Itests/threads))

$(THREADS_OUT)/threads: $(THREADS_SRC:%.c=$(THREADS_OUT)/obj/%.o) $(THREADS_OUT)/third_party/libfdt.a \
		$(THREADS_OUT)/third_party/libmbedcrypto.a
	$(Q)$(UNIT_CC) -fsanitize=thread $(UNIT_RIG_LDFLAGS) $(THREADS_WRAPPED:%=-Wl$(comma)--wrap=%) $^ -lcmocka -o $@

.PHONY: threads
threads: $(THREADS_OUT)/threads ## four harts at once under ThreadSanitizer (THREADS_CALLS=n THREADS_SEED=n)
	$(Q)TSAN_OPTIONS="suppressions=tests/threads/suppressions halt_on_error=1" CMOCKA_MESSAGE_OUTPUT=TAP \
		setarch -R $(THREADS_OUT)/threads

export THREADS_CALLS THREADS_SEED ORACLE_SEED

# --- fuzzing -------------------------------------------------------------------------------------------------------

FUZZ_OUT		:= $(BUILD)/fuzz
FUZZ_SANITIZE		:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=function
FUZZERS			:= calls tree insn evidence
# Executions of each in `make fuzz-check`, after those of its corpus.
calls_RUNS		:= 400
tree_RUNS		:= 20000
insn_RUNS		:= 400000
evidence_RUNS		:= 1000
calls_LEN		:= 4096
tree_LEN		:= 16384
insn_LEN		:= 64
evidence_LEN		:= 1024

calls_fuzz_SRC		:= $(UNIT_RIG) tests/oracle/play.c tests/oracle/seeds.c tests/oracle/plant.c
tree_fuzz_SRC		:= $(UNIT_HOST_DT) tests/unit/tree.c tests/unit/tree_try.c
insn_fuzz_SRC		:= lib/rv/mmio_insn.c
evidence_fuzz_SRC	:= $(tvm_SRC)
calls_fuzz_LDFLAGS	:= $(UNIT_RIG_LDFLAGS) $(SEEDED:%=-Wl$(comma)--wrap=%)

evidence_fuzz_LDFLAGS	:= $(UNIT_RIG_LDFLAGS) -Wl$(comma)--wrap=dice_has_y

$(eval $(call variant_rules,$(FUZZ_OUT),$(CLANG),-fsanitize=fuzzer-no-link $(FUZZ_SANITIZE),))

define fuzz_rule
$(FUZZ_OUT)/$(1): $(FUZZ_OUT)/obj/tests/fuzz/$(1)_fuzz.o $($(1)_fuzz_SRC:%.c=$(FUZZ_OUT)/obj/%.o) $(FUZZ_OUT)/third_party/libfdt.a \
		$(FUZZ_OUT)/third_party/libmbedcrypto.a | $(UNIT_DTB)
	$$(Q)$(CLANG) -fsanitize=fuzzer $(FUZZ_SANITIZE) $($(1)_fuzz_LDFLAGS) $$(filter %.o %.a,$$^) -lcmocka -o $$@
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rule,$(f))))

.PHONY: fuzz fuzz-check fuzz-corpus assurance unit-oracle unit-inject
assurance: ## what takes hours: oracle, threads, fuzzing, mutation, coverage; the figures go into docs/assurance.md (ASSURANCE='--hours 8 fuzz')
	$(Q)scripts/assurance $(ASSURANCE)

unit-oracle unit-inject: unit-%: $(UNIT_OUT)/%
	$(Q)CMOCKA_MESSAGE_OUTPUT=TAP $<

fuzz-check: $(FUZZERS:%=$(FUZZ_OUT)/%) ## a fixed number of executions of each fuzzer, from the corpus in tests/fuzz/corpus
	$(Q)tests/fuzz/run.py check $(foreach f,$(FUZZERS),$(f):$($(f)_RUNS):$($(f)_LEN))

fuzz: $(FUZZERS:%=$(FUZZ_OUT)/%) ## fuzz for HOURS=n hours; what is new joins build/fuzz/corpus
	$(Q)tests/fuzz/run.py run --hours $(or $(HOURS),1) $(foreach f,$(FUZZERS),$(f):0:$($(f)_LEN))

fuzz-corpus: $(FUZZERS:%=$(FUZZ_OUT)/%) ## make the small corpus in tests/fuzz/corpus anew from build/fuzz/corpus
	$(Q)tests/fuzz/run.py merge $(foreach f,$(FUZZERS),$(f):0:$($(f)_LEN))

-include $(shell find $(THREADS_OUT)/obj $(FUZZ_OUT)/obj -name '*.d' 2>/dev/null)
