# SPDX-License-Identifier: BSD-2-Clause
#
# Mutants of tsm/ under the unit tests (scripts/mutate). Part of tsm_tests.mk. The tests are built without sanitizers, so that a mutant
# takes a second; those that survive are tried once more with them.

MUTATION_OUT		:= $(BUILD)/mutation
MUTATION_SAMPLE		?= 300
# Tests of the oracle, of libraries, or that no mutant needs besides the others.
MUTATION_TESTS		:= $(filter-out seeds string fmt log isa cbor dice sha384 csr_classes fdt_reader fdt_hostile machine decode,$(UNIT_TESTS))

# What the script needs to compile and link by itself; made with UNIT_OUT and UNIT_SANITIZE of its own.
.PHONY: mutation-plan mutation mutation-objects
mutation-objects: $(MUTATION_TESTS:%=$(UNIT_OUT)/%)

mutation-plan:
	@printf 'cc\t%s\n' '$(UNIT_CC) $(UNIT_CFLAGS) -w'
	@$(foreach t,$(MUTATION_TESTS),printf 'test\t%s\t%s\t%s\n' '$(t)' \
		'$(or $($(t)_MAIN),tests/unit/$(t)_test).c $($(t)_SRC)' '$(UNIT_SANITIZE) $($(t)_LDFLAGS)';)

mutation: ## mutants of tsm/ under the unit tests (MUTATION_SAMPLE=n of them)
	$(Q)scripts/mutate --sample $(MUTATION_SAMPLE)
