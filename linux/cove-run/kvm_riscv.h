/* SPDX-License-Identifier: GPL-2.0-only */
/* Of KVM's interface on RISC-V, what Debian 12's own headers are too old for. */
#ifndef KVM_RISCV_H
#define KVM_RISCV_H

#include <stdint.h>
#include <linux/kvm.h>

#define REG_CONFIG_SATP_MODE	6
#define REG_ISA_EXT(id)		(KVM_REG_RISCV_ISA_EXT | (uint64_t)(id))

#define ISA_EXT_SSTC	8
#define ISA_EXT_ZBB	13
#define ISA_EXT_SSAIA	14
#define ISA_EXT_V	15
#define ISA_EXT_ZBA	17
#define ISA_EXT_ZBS	18

/* The AIA device: groups, attributes */
#define DEV_TYPE_RISCV_AIA	11
#define AIA_GRP_CONFIG		0
#define AIA_CONFIG_MODE		0
#define AIA_CONFIG_IDS		1
#define AIA_CONFIG_SRCS		2
#define AIA_CONFIG_GROUP_BITS	3
#define AIA_CONFIG_GROUP_SHIFT	4
#define AIA_CONFIG_HART_BITS	5
#define AIA_CONFIG_GUEST_BITS	6
#define AIA_GRP_ADDR		1
#define AIA_ADDR_IMSIC(vcpu)	(1 + (uint64_t)(vcpu))
#define AIA_GRP_CTRL		2
#define AIA_CTRL_INIT		0

#endif
