/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ISA extensions that this project knows by name, as a set, and the two ways in which a device
 * tree lists them: the string `riscv,isa` ("rv64imafdch_zicbom1p0_sstc") and the string list
 * `riscv,isa-extensions`. Input is untrusted: every function is bounded by the length that it is
 * given. A name that is not in the table is skipped, never an error: what is unknown is not offered
 * to anybody.
 */
#ifndef FDT_ISA_H
#define FDT_ISA_H

#include "base/types.h"

/*
 * X(identifier, name, plain). plain: instructions or promises that work in VS mode by themselves;
 * nothing to enable in henvcfg, hcounteren or hstateen, no CSR of their own to emulate, and no
 * state beyond the f and v registers. Sorted by name (strcmp order): isa_find() searches by halves.
 */
#define ISA_EXTENSIONS(X) \
	X(A, "a", true) X(B, "b", true) X(C, "c", true) X(D, "d", true) X(F, "f", true) \
	X(H, "h", false) X(I, "i", true) X(M, "m", true) X(SDEXT, "sdext", false) \
	X(SDTRIG, "sdtrig", false) X(SHA, "sha", false) X(SHCOUNTERENW, "shcounterenw", false) \
	X(SHGATPA, "shgatpa", false) X(SHLCOFIDELEG, "shlcofideleg", false) \
	X(SHTVALA, "shtvala", false) X(SHVSATPA, "shvsatpa", false) \
	X(SHVSTVALA, "shvstvala", false) X(SHVSTVECD, "shvstvecd", false) \
	X(SMAIA, "smaia", false) X(SMCDELEG, "smcdeleg", false) X(SMCNTRPMF, "smcntrpmf", false) \
	X(SMCSRIND, "smcsrind", false) X(SMCTR, "smctr", false) X(SMDBLTRP, "smdbltrp", false) \
	X(SMEPMP, "smepmp", false) X(SMMPM, "smmpm", false) X(SMNPM, "smnpm", false) \
	X(SMRNMI, "smrnmi", false) X(SMSTATEEN, "smstateen", false) X(SSAIA, "ssaia", false) \
	X(SSCCFG, "ssccfg", false) X(SSCCPTR, "ssccptr", false) X(SSCOFPMF, "sscofpmf", false) \
	X(SSCOUNTERENW, "sscounterenw", false) X(SSCSRIND, "sscsrind", false) \
	X(SSCTR, "ssctr", false) X(SSDBLTRP, "ssdbltrp", false) X(SSNPM, "ssnpm", false) \
	X(SSPM, "sspm", false) X(SSQOSID, "ssqosid", false) X(SSSTATEEN, "ssstateen", false) \
	X(SSSTRICT, "ssstrict", false) X(SSTC, "sstc", false) X(SSTVALA, "sstvala", false) \
	X(SSTVECD, "sstvecd", false) X(SSU64XL, "ssu64xl", false) X(SUPM, "supm", false) \
	X(SVADE, "svade", false) X(SVADU, "svadu", false) X(SVBARE, "svbare", true) \
	X(SVINVAL, "svinval", false) X(SVNAPOT, "svnapot", true) X(SVPBMT, "svpbmt", false) \
	X(SVRSW60T59B, "svrsw60t59b", false) X(SVUKTE, "svukte", false) \
	X(SVVPTC, "svvptc", true) X(V, "v", true) X(ZA128RS, "za128rs", true) \
	X(ZA64RS, "za64rs", true) X(ZAAMO, "zaamo", true) X(ZABHA, "zabha", true) \
	X(ZACAS, "zacas", true) X(ZALASR, "zalasr", true) X(ZALRSC, "zalrsc", true) \
	X(ZAMA16B, "zama16b", true) X(ZAWRS, "zawrs", true) X(ZBA, "zba", true) \
	X(ZBB, "zbb", true) X(ZBC, "zbc", true) X(ZBKB, "zbkb", true) X(ZBKC, "zbkc", true) \
	X(ZBKX, "zbkx", true) X(ZBS, "zbs", true) X(ZCA, "zca", true) X(ZCB, "zcb", true) \
	X(ZCD, "zcd", true) X(ZCLSD, "zclsd", true) X(ZCMOP, "zcmop", true) \
	X(ZCMP, "zcmp", true) X(ZCMT, "zcmt", false) X(ZFA, "zfa", true) \
	X(ZFBFMIN, "zfbfmin", true) X(ZFH, "zfh", true) X(ZFHMIN, "zfhmin", true) \
	X(ZIC64B, "zic64b", true) X(ZICBOM, "zicbom", false) X(ZICBOP, "zicbop", true) \
	X(ZICBOZ, "zicboz", false) X(ZICCAMOA, "ziccamoa", true) X(ZICCIF, "ziccif", true) \
	X(ZICCLSM, "zicclsm", true) X(ZICCRSE, "ziccrse", true) X(ZICFILP, "zicfilp", false) \
	X(ZICFISS, "zicfiss", false) X(ZICNTR, "zicntr", false) X(ZICOND, "zicond", true) \
	X(ZICSR, "zicsr", true) X(ZIFENCEI, "zifencei", true) X(ZIHINTNTL, "zihintntl", true) \
	X(ZIHINTPAUSE, "zihintpause", true) X(ZIHPM, "zihpm", false) X(ZILSD, "zilsd", true) \
	X(ZIMOP, "zimop", true) X(ZK, "zk", false) X(ZKN, "zkn", true) X(ZKND, "zknd", true) \
	X(ZKNE, "zkne", true) X(ZKNH, "zknh", true) X(ZKR, "zkr", false) X(ZKS, "zks", true) \
	X(ZKSED, "zksed", true) X(ZKSH, "zksh", true) X(ZKT, "zkt", true) \
	X(ZMMUL, "zmmul", true) X(ZTSO, "ztso", true) X(ZVBB, "zvbb", true) \
	X(ZVBC, "zvbc", true) X(ZVE32F, "zve32f", true) X(ZVE32X, "zve32x", true) \
	X(ZVE64D, "zve64d", true) X(ZVE64F, "zve64f", true) X(ZVE64X, "zve64x", true) \
	X(ZVFBFMIN, "zvfbfmin", true) X(ZVFBFWMA, "zvfbfwma", true) X(ZVFH, "zvfh", true) \
	X(ZVFHMIN, "zvfhmin", true) X(ZVKB, "zvkb", true) X(ZVKG, "zvkg", true) \
	X(ZVKN, "zvkn", true) X(ZVKNC, "zvknc", true) X(ZVKNED, "zvkned", true) \
	X(ZVKNG, "zvkng", true) X(ZVKNHA, "zvknha", true) X(ZVKNHB, "zvknhb", true) \
	X(ZVKS, "zvks", true) X(ZVKSC, "zvksc", true) X(ZVKSED, "zvksed", true) \
	X(ZVKSG, "zvksg", true) X(ZVKSH, "zvksh", true) X(ZVKT, "zvkt", true)

enum isa_ext {
#define ISA_ENUM(id, name, plain)	ISA_##id,
	ISA_EXTENSIONS(ISA_ENUM)
#undef ISA_ENUM
	ISA_COUNT,
};

#define ISA_WORDS	((ISA_COUNT + 63) / 64)

struct isa_set {
	u64 word[ISA_WORDS];
};

static inline bool isa_has(const struct isa_set *s, enum isa_ext e)
{
	return (s->word[(unsigned)e / 64] >> ((unsigned)e % 64)) & 1;
}

static inline void isa_add(struct isa_set *s, enum isa_ext e)
{
	s->word[(unsigned)e / 64] |= BIT((unsigned)e % 64);
}

static inline void isa_remove(struct isa_set *s, enum isa_ext e)
{
	s->word[(unsigned)e / 64] &= ~BIT((unsigned)e % 64);
}

/* set := set and other */
static inline void isa_and(struct isa_set *s, const struct isa_set *other)
{
	for (unsigned i = 0; i < ISA_WORDS; i++)
		s->word[i] &= other->word[i];
}

/* "zicbom" of ISA_ZICBOM. */
const char *isa_name(enum isa_ext e);

/*
 * ISA_COUNT when the name of that length (no version number in it) is not in the table. Case does
 * not matter.
 */
enum isa_ext isa_find(const char *name, size_t len);

/* Adds every `plain` extension of the table. */
void isa_add_plain(struct isa_set *s);

/*
 * Adds what a `riscv,isa` string of at most len bytes (a NUL ends it) names; "g" is spelled out.
 * False, and the set is unspecified, unless it starts with "rv64i" or "rv64g" and follows the
 * naming rules.
 */
bool isa_parse_string(struct isa_set *s, const char *isa, size_t len);

/*
 * Adds what a `riscv,isa-extensions` list of len bytes names. False unless each string ends within
 * len.
 */
bool isa_parse_list(struct isa_set *s, const char *list, size_t len);

/*
 * The same string, or list, with every name that is not in `allowed` left out, in the same order
 * and without version numbers. Returns the number of bytes written, the last NUL included; 0 when
 * the input does not parse or does not fit.
 */
size_t isa_filter_string(const struct isa_set *allowed, const char *isa, size_t len, char *out,
			 size_t size);
size_t isa_filter_list(const struct isa_set *allowed, const char *list, size_t len, char *out,
		       size_t size);

#endif
