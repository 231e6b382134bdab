# SPDX-License-Identifier: BSD-2-Clause
#
# The oracle's own tests: part of tsm_tests.mk, which includes this. `make unit` runs those in UNIT_TESTS.

UNIT_TESTS		+= oracle seeds

ORACLE_PLAY		:= $(UNIT_RIG) tests/oracle/play.c

# Functions between files of the monitor that a seeded fault stands in for (tests/oracle/seeds.c).
SEEDED			:= page_scrub host_space_unmap host_space_map page_unpin page_disown page_claim page_unclaim gstage_commit \
			   gstage_reserve gstage_retire gstage_pool_give tvm_pool_add tvm_put tvm_build_end epoch_passed \
			   epoch_stamp epoch_leave

oracle_MAIN		:= tests/oracle/oracle_test
oracle_SRC		:= $(ORACLE_PLAY)
oracle_LDFLAGS		:= $(UNIT_RIG_LDFLAGS)
seeds_MAIN		:= tests/oracle/seeds_test
seeds_SRC		:= $(ORACLE_PLAY) tests/oracle/seeds.c
seeds_LDFLAGS		:= $(UNIT_RIG_LDFLAGS) $(SEEDED:%=-Wl$(comma)--wrap=%)
