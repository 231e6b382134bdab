/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers and names of evidence: claim labels, algorithms, object identifiers, key derivation.
 * The CoVE specification leaves most labels open; ours are private ones (below -65536), all of them
 * here. docs/attestation.md says what is signed by what and how each key comes to be.
 */
#ifndef COVE_CLAIMS_H
#define COVE_CLAIMS_H

/* CBOR tags */
#define CBOR_TAG_COSE_SIGN1		18
#define CBOR_TAG_CWT			61
#define CBOR_TAG_UCCS			601

/* Registered claims (RFC 8392, RFC 9711) */
#define CWT_ISS				1
#define CWT_SUB				2
#define EAT_NONCE			10	/* the challenge */
#define EAT_PROFILE			265
#define EAT_SUBMODS			266

#define COVE_EAT_PROFILE		"https://riscv.org/TBD"
#define COVE_SUBMOD_PLATFORM		"platform"
#define COVE_SUBMOD_TSM			"tsm"
#define COVE_SUBMOD_TVM			"tvm"

/* Private claims: the platform token */
#define COVE_CLAIM_PLATFORM_KEY		(-70001)	/* bstr: COSE_Key */
#define COVE_CLAIM_MANUFACTURER		(-70002)	/* bstr, COVE_MANUFACTURER_SIZE */
#define COVE_CLAIM_PLATFORM_STATE	(-70003)	/* COVE_STATE_* */
#define COVE_CLAIM_PLATFORM_COMPONENTS	(-70004)	/* array of software components */
/* the TSM token */
#define COVE_CLAIM_TSM_KEY		(-70011)	/* bstr: COSE_Key */
#define COVE_CLAIM_TSM_COMPONENTS	(-70012)	/* array of two: TSM-driver, TSM */
#define COVE_CLAIM_SEALING_KEY		(-70013)	/* bstr: COSE_Key; secrets are sealed to it */
/* the TVM token */
#define COVE_CLAIM_TVM_IDENTITY		(-70021)	/* bstr of 64; absent when FINALIZE had none */
#define COVE_CLAIM_TVM_KEY		(-70022)	/* bstr: COSE_Key */
#define COVE_CLAIM_INITIAL		(-70023)	/* array of measurements */
#define COVE_CLAIM_RUNTIME		(-70024)	/* array of measurements */
#define COVE_CLAIM_DEVICES		(-70025)	/* uint: enum tsm_io_protection (tsm_ext.h) */
/* the CBOR certificate */
#define COVE_CLAIM_EVIDENCE		(-70031)	/* map: the evidence */

/* A software component's map */
#define COVE_COMPONENT_TYPE		1	/* text */
#define COVE_COMPONENT_MEASUREMENT	2	/* bstr: the register's value */
#define COVE_COMPONENT_SVN		3	/* text, decimal */
#define COVE_COMPONENT_MANIFEST		4	/* bstr: register 3, of the TSM only */
#define COVE_COMPONENT_SIGNER		5	/* bstr: hash of the signer's key; zeros: nobody signs */
#define COVE_COMPONENT_HASH		6	/* text */

#define COVE_TYPE_FIRMWARE		"platform-firmware"
#define COVE_TYPE_CONFIG		"platform-configuration"
#define COVE_TYPE_TSM_DRIVER		"TSM-driver"
#define COVE_TYPE_TSM			"TSM"

/* A measurement's map */
#define COVE_MEASUREMENT_INDEX		1
#define COVE_MEASUREMENT_VALUE		2
#define COVE_MEASUREMENT_HASH		3

#define COVE_HASH_NAME			"sha-384"
#define COVE_MANUFACTURER_SIZE		64
#define COVE_CHALLENGE_SIZE		64

/* Platform states */
#define COVE_STATE_NOT_CONFIGURED	1
#define COVE_STATE_SECURED		2
#define COVE_STATE_DEBUG		3
#define COVE_STATE_RECOVERY		4

/* COSE (RFC 9052, RFC 9053) */
#define COSE_HEADER_ALG			1
#define COSE_HEADER_KID			4
#define COSE_ALG_ES384			(-35)
#define COSE_SIGN1_CONTEXT		"Signature1"
#define COSE_KEY_KTY			1
#define COSE_KEY_KID			2
#define COSE_KEY_ALG			3
#define COSE_KEY_OPS			4
#define COSE_KEY_CRV			(-1)
#define COSE_KEY_X			(-2)
#define COSE_KEY_Y			(-3)
#define COSE_KEY_D			(-4)
#define COSE_KTY_OKP			1
#define COSE_KTY_EC2			2
#define COSE_CRV_P256			1
#define COSE_CRV_P384			2
#define COSE_CRV_X25519			4
#define COSE_CRV_ED25519		6

/* Object identifiers, as the content bytes of their DER */
#define OID_TCG_UCCS_EVIDENCE		"\x67\x81\x05\x05\x04\x06"	/* 2.23.133.5.4.6 */
#define OID_SALUS_TCB_INFO		"\x67\x81\x05\x05\x04"		/* 2.23.133.5.4 */
#define OID_SHA384			"\x60\x86\x48\x01\x65\x03\x04\x02\x02"
#define OID_ECDSA_SHA384		"\x2a\x86\x48\xce\x3d\x04\x03\x03"
#define OID_EC_PUBLIC_KEY		"\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_P256			"\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384			"\x2b\x81\x04\x00\x22"
#define OID_X25519			"\x2b\x65\x6e"			/* 1.3.101.110 */
#define OID_ED25519			"\x2b\x65\x70"			/* 1.3.101.112 */
#define OID_AT_SERIAL_NUMBER		"\x55\x04\x05"			/* issuer and subject */
#define OID_AT_SURNAME			"\x55\x04\x04"			/* the same for Salus */
#define OID_KEY_USAGE			"\x55\x1d\x0f"
#define OID_BASIC_CONSTRAINTS		"\x55\x1d\x13"
#define OID_SUBJECT_KEY_ID		"\x55\x1d\x0e"
#define OID_AUTHORITY_KEY_ID		"\x55\x1d\x23"

#define COVE_NOT_BEFORE			"180322235959Z"		/* UTCTime */
#define COVE_NOT_AFTER			"99991231235959Z"	/* GeneralizedTime */

/*
 * Key derivation: KDF(label, input, n) = HKDF-SHA-384 (RFC 5869) with no salt, the input as key
 * material, the label's characters as info, n bytes.
 */
#define COVE_UDS_SIZE			48
#define COVE_CDI_SIZE			48
#define COVE_KEY_SIZE			48	/* P-384: scalar, or one coordinate; big endian */
#define COVE_CDI_ID_SIZE		20	/* its first bit is cleared */
#define COVE_KDF_CDI			"CoVE CDI"
#define COVE_KDF_SEALING_CDI		"CoVE sealing CDI"
#define COVE_KDF_ROT_KEY		"CoVE RoT key"
#define COVE_KDF_ATTESTATION_KEY	"CoVE attestation key"
#define COVE_KDF_SEALING_KEY		"CoVE sealing key"
#define COVE_KDF_CDI_ID			"CoVE CDI ID"
#define COVE_KDF_SALUS_KEY		"CoVE Salus key"	/* the seed of an Ed25519 key */
#define COVE_KDF_SECRET			"CoVE secret"

/* Without measured boot: registers 0 to 3 are this text and zeros, the UDS too. */
#define COVE_DEBUG_TEXT			"debug"

#endif
