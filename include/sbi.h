/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RISC-V Supervisor Binary Interface: the numbers that the TSM answers, calls or forwards.
 * Shared by tsm/, tests/ and linux/; usable from assembly.
 */
#ifndef SBI_H
#define SBI_H

#define SBI_SPEC_VERSION_2_0		0x02000000

/* sbiret.error */
#define SBI_SUCCESS			0
#define SBI_ERR_FAILED			(-1)
#define SBI_ERR_NOT_SUPPORTED		(-2)
#define SBI_ERR_INVALID_PARAM		(-3)
#define SBI_ERR_DENIED			(-4)
#define SBI_ERR_INVALID_ADDRESS		(-5)
#define SBI_ERR_ALREADY_AVAILABLE	(-6)
#define SBI_ERR_ALREADY_STARTED		(-7)
#define SBI_ERR_ALREADY_STOPPED		(-8)
#define SBI_ERR_NO_SHMEM		(-9)
#define SBI_ERR_INVALID_STATE		(-10)

/* a7: extensions */
#define SBI_EXT_LEGACY_PUTCHAR		0x01
#define SBI_EXT_LEGACY_GETCHAR		0x02
#define SBI_EXT_BASE			0x10
#define SBI_EXT_TIME			0x54494d45
#define SBI_EXT_IPI			0x735049
#define SBI_EXT_RFENCE			0x52464e43
#define SBI_EXT_HSM			0x48534d
#define SBI_EXT_SRST			0x53525354
#define SBI_EXT_PMU			0x504d55
#define SBI_EXT_DBCN			0x4442434e
#define SBI_EXT_NACL			0x4e41434c
#define SBI_EXT_SUPD			0x53555044
#define SBI_EXT_COVH			0x434f5648
#define SBI_EXT_COVI			0x434f5649
#define SBI_EXT_COVG			0x434f5647
#define SBI_EXT_ATST			0x41545354

/* a6: functions */
#define SBI_BASE_SPEC_VERSION		0
#define SBI_BASE_IMPL_ID		1
#define SBI_BASE_IMPL_VERSION		2
#define SBI_BASE_PROBE			3
#define SBI_BASE_MVENDORID		4
#define SBI_BASE_MARCHID		5
#define SBI_BASE_MIMPID			6

#define SBI_TIME_SET_TIMER		0
#define SBI_IPI_SEND			0

#define SBI_RFENCE_FENCE_I		0
#define SBI_RFENCE_SFENCE_VMA		1
#define SBI_RFENCE_SFENCE_VMA_ASID	2
#define SBI_RFENCE_HFENCE_GVMA_VMID	3
#define SBI_RFENCE_HFENCE_GVMA		4
#define SBI_RFENCE_HFENCE_VVMA_ASID	5
#define SBI_RFENCE_HFENCE_VVMA		6

#define SBI_HSM_START			0
#define SBI_HSM_STOP			1
#define SBI_HSM_STATUS			2
#define SBI_HSM_SUSPEND			3

/* HSM status values */
#define SBI_HSM_STARTED			0
#define SBI_HSM_STOPPED			1
#define SBI_HSM_START_PENDING		2
#define SBI_HSM_STOP_PENDING		3
#define SBI_HSM_SUSPENDED		4

#define SBI_HSM_SUSPEND_RETENTIVE	0x00000000
#define SBI_HSM_SUSPEND_NON_RETENTIVE	0x80000000

#define SBI_SRST_RESET			0
#define SBI_SRST_TYPE_SHUTDOWN		0
#define SBI_SRST_TYPE_COLD_REBOOT	1
#define SBI_SRST_TYPE_WARM_REBOOT	2
#define SBI_SRST_REASON_NONE		0
#define SBI_SRST_REASON_FAILURE		1

#define SBI_DBCN_WRITE			0
#define SBI_DBCN_READ			1
#define SBI_DBCN_WRITE_BYTE		2

#define SBI_PMU_NUM_COUNTERS		0
#define SBI_PMU_COUNTER_GET_INFO	1
#define SBI_PMU_COUNTER_CONFIG		2	/* counter_config_matching */
#define SBI_PMU_COUNTER_START		3
#define SBI_PMU_COUNTER_STOP		4
#define SBI_PMU_COUNTER_FW_READ		5
#define SBI_PMU_COUNTER_FW_READ_HI	6
#define SBI_PMU_SNAPSHOT_SET_SHMEM	7

/* event_idx[19:16], and the codes below them */
#define SBI_PMU_TYPE_HW			0
#define SBI_PMU_TYPE_CACHE		1
#define SBI_PMU_TYPE_RAW		2
#define SBI_PMU_TYPE_FIRMWARE		15
#define SBI_PMU_HW_FIRST		1
#define SBI_PMU_HW_CYCLES		1
#define SBI_PMU_HW_INSTRUCTIONS		2
#define SBI_PMU_HW_LAST			10
#define SBI_PMU_CACHE_LAST		6
#define SBI_PMU_CACHE_OP_LAST		2

#define SBI_PMU_CFG_SKIP_MATCH		0x01
#define SBI_PMU_CFG_CLEAR_VALUE		0x02
#define SBI_PMU_CFG_AUTO_START		0x04
#define SBI_PMU_CFG_VUINH		0x08
#define SBI_PMU_CFG_VSINH		0x10
#define SBI_PMU_CFG_UINH		0x20
#define SBI_PMU_CFG_SINH		0x40
#define SBI_PMU_CFG_MINH		0x80
#define SBI_PMU_CFG_ALL			0xffULL
#define SBI_PMU_START_SET_VALUE		0x1
#define SBI_PMU_START_SNAPSHOT		0x2
#define SBI_PMU_STOP_RESET		0x1
#define SBI_PMU_STOP_SNAPSHOT		0x2

/* What Base functions 1 and 2 answer: the TSM's own implementation id (not assigned by the SBI document). */
#define TSM_SBI_IMPL_ID			0x54534d43
#define TSM_VERSION			0x00000001	/* major << 16 | minor */

#endif
