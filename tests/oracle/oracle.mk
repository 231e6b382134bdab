# SPDX-License-Identifier: BSD-2-Clause
#
# The oracle's own tests: part of tsm_tests.mk, which includes this. `make unit` runs those in UNIT_TESTS.

UNIT_TESTS		+= oracle seeds

ORACLE_PLAY		:= $(UNIT_RIG) tests/oracle/play.c

# Functions between files of the monitor that a seeded fault stands in for (tests/oracle/seeds.c tests/oracle/plant.c).
SEEDED			:= page_scrub host_space_unmap host_space_map page_unpin page_disown page_claim page_unclaim gstage_commit \
			   gstage_reserve gstage_retire gstage_pool_give tvm_pool_add tvm_put tvm_build_end epoch_passed \
			   epoch_stamp epoch_leave

oracle_MAIN		:= tests/oracle/oracle_test
oracle_SRC		:= $(ORACLE_PLAY)
oracle_LDFLAGS		:= $(UNIT_RIG_LDFLAGS)
seeds_MAIN		:= tests/oracle/seeds_test
seeds_SRC		:= $(ORACLE_PLAY) tests/oracle/seeds.c tests/oracle/plant.c
seeds_LDFLAGS		:= $(UNIT_RIG_LDFLAGS) $(SEEDED:%=-Wl$(comma)--wrap=%)

UNIT_TESTS		+= inject
# Functions between files of the monitor that can be made to fail (tests/oracle/inject.c).
INJECTED		:= page_claim page_pin page_ref page_claim_unreferenced page_range_is_ram page_unclaim host_range host_copy_in \
			   host_copy_out gstage_reserve gstage_pool_has gstage_check gstage_promote gstage_demote epoch_advance \
			   tvm_build_begin tvm_region_add tvm_sweep_begin tvm_finalize_begin tvm_add_reserve tvm_add_page tvm_shared_add \
			   tvm_share_request rv_cas32 tvm_read rv_hlvx_hu irq_mask_file
inject_MAIN		:= tests/oracle/inject_test
inject_SRC		:= $(UNIT_RIG) tests/unit/tvm_rig.c tests/oracle/inject.c
inject_LDFLAGS		:= $(UNIT_RIG_LDFLAGS) $(INJECTED:%=-Wl$(comma)--wrap=%)
