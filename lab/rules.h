/* SPDX-License-Identifier: BSD-3-Clause */
/* rules.h: the derivatives of builtins, for the `grad` column of their blocks.  rules.c has the formulas. */
#ifndef TL_RULES_H
#define TL_RULES_H
#include "call.h"

#define R(name) extern builtin_grad name##_grad;
R(reshape)
R(permute) R(ipermute) R(transpose) R(ctranspose) R(repmat) R(diag) R(triu) R(tril) R(fliplr) R(flipud) R(flip) R(rot90)
    R(circshift) R(kron) R(convert) R(sort) R(trace) R(det) R(inv) R(norm) R(chol) R(eig) R(svd) R(qr) R(dot) R(cumsum)
        R(cumprod) R(accumarray) R(conv2) R(pinv) R(filter) R(clone)
#undef R

#endif
