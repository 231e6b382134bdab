# SPDX-License-Identifier: BSD-2-Clause
#
# Unit tests of tsm/: part of unit.mk, which includes this. They see the configuration of the target build.

UNIT_TESTS		+= sweep page epoch gstage decode region covh tvm run tvm_sbi share fold measure attest evidence secret salus mediate hcsr sbi stress iommu pci

UNIT_CFLAGS		+= -I$(OUT)/include

UNIT_PAGE		:= tsm/page/page.c tsm/page/clean.c tsm/page/epoch.c lib/rv/host/rv_host.c
UNIT_RIG		:= $(UNIT_PAGE) lib/rv/world_switch.c lib/rv/mmio_insn.c lib/crypto/sha384.c $(SHA512_SRC) \
			   $(wildcard lib/notary/*.c lib/dice/*.c) lib/cbor/cbor.c \
			   $(addprefix tsm/host/,sbi.c convert.c hcsr.c sgei.c hsm.c nacl.c pmu.c space.c) \
			   lib/log/log.c lib/base/fmt.c $(UNIT_FDT) $(filter-out tsm/io/mediate.c,$(wildcard tsm/io/*.c)) \
			   $(wildcard tsm/task/*.c tsm/irq/*.c tsm/gstage/*.c tsm/measure/*.c tsm/vcpu/*.c tsm/tvm/*.c tsm/abi/*.c) \
			   tests/unit/rig.c $(wildcard tsm/check/*.c) $(addprefix tests/oracle/,watch.c shadow.c tlb.c)
# The oracle looks at the monitor after every call of these tests (tests/oracle/watch.h).
WATCHED			:= page_bank_add host_space_init abi_host_ecall abi_tvm_ecall abi_tvm_exception abi_tvm_interrupt
comma			:= ,
UNIT_RIG_LDFLAGS	:= $(WATCHED:%=-Wl$(comma)--wrap=%)

page_SRC		:= $(UNIT_PAGE)
epoch_SRC		:= tsm/page/epoch.c
gstage_SRC		:= $(wildcard tsm/gstage/*.c) $(UNIT_PAGE)
decode_SRC		:= lib/rv/mmio_insn.c
region_SRC		:= tsm/tvm/region.c
covh_SRC		:= $(UNIT_RIG)
tvm_SRC			:= $(UNIT_RIG) tests/unit/tvm_rig.c
sweep_SRC		:= $(tvm_SRC)
run_SRC			:= $(tvm_SRC)
tvm_sbi_SRC		:= $(tvm_SRC)
share_SRC		:= $(tvm_SRC)
fold_SRC		:= $(tvm_SRC)
measure_SRC		:= tsm/measure/measure.c tsm/measure/identity.c lib/crypto/sha384.c $(SHA512_SRC) lib/rv/host/rv_host.c
attest_SRC		:= $(tvm_SRC)
mediate_SRC		:= $(UNIT_RIG) tsm/io/mediate.c
hcsr_SRC		:= $(UNIT_RIG)
sbi_SRC			:= $(UNIT_RIG)
evidence_SRC		:= $(tvm_SRC)
secret_SRC		:= $(tvm_SRC)
salus_SRC		:= $(tvm_SRC)
stress_SRC		:= $(UNIT_RIG)
iommu_SRC		:= $(UNIT_RIG)
pci_SRC			:= $(addprefix tsm/io/,pci.c pci_caps.c pci_decode.c pci_iommu.c virtio.c) $(UNIT_FDT) lib/rv/host/rv_host.c

include tests/oracle/oracle.mk

$(foreach t,sweep covh tvm run tvm_sbi share fold attest evidence secret salus mediate hcsr sbi stress iommu,$(eval $(t)_LDFLAGS := $(UNIT_RIG_LDFLAGS)))

$(UNIT_RIG:%.c=$(UNIT_OUT)/obj/%.o): | $(GEN)/config.h

include tests/oracle/variants.mk
include tests/mutation/mutation.mk
