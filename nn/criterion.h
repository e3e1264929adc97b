/* SPDX-License-Identifier: BSD-3-Clause */
/* criterion.h: the end of a criterion that is an expression of the language: what the options sizeAverage and reduction
 * say. */
#ifndef TL_NN_CRITERION_H
#define TL_NN_CRITERION_H

#define AVERAGE "sizeAverage:b=1 reduction:r="
/* each: the losses as 'none' gives them; sum: what is added up; n: what the mean divides by. */
#define LOSS_OVER(each, sum, n) " if strcmp(reduction, 'none'), return " each ", end; y = sum(sum(" sum ", 1)(:));"                  \
    " if isempty(reduction) && sizeAverage || strcmp(reduction, 'mean'), y = y / (" n "); end; return y end"
#define REDUCTION_TEXT " With sizeAverage=false or reduction='sum' the sum, with reduction='none' each one."

#endif
