# SPDX-License-Identifier: BSD-2-Clause
#
# Part of the top Makefile: the bounded proofs, all of them.

.PHONY: proof
proof: $(GEN)/config.h | $(DEPS)/stamps/cbmc ## bounded proofs (CBMC) of all handlers of COVH, COVI and COVG
	$(Q)scripts/proof
