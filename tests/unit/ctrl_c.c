/* SPDX-License-Identifier: BSD-3-Clause */
/* Ctrl-C on a pseudo terminal, into every kind of work: the prompt is back, and every variable is as before.  In make check
   each kind once, with a limit that a busy machine keeps; `make check-ctrl-c` five times each, with figures: median at most
   0.2 s to the prompt, worst at most 1 s.  The seconds of processor time that tl used until then stand beside them: on a busy
   machine they say more. */
#include "folders.h"
#include "interp/ast.h"
#include "pty.h"

/* What runs must not end by itself, so what takes little time stands in a loop.  It must not change r, keep or x. */
static const struct work { const char *name, *before, *text; bool brief /* also in make check */; } works[] = {
#define FOREVER(text) "while true, " text "; end"
    { "for",            "x = 1;", "for i = 1:1e12, z = i; end", true },
    { "while",          "x = 1; n = 0;", "while true, n += 1; end", true },
    { "do until",       "x = 1; n = 0;", "do, n += 1; until false", false },
    { "recursion",      "x = 1; function y = fib(n), if n < 2, y = n; else, y = fib(n-1) + fib(n-2); end, end", "r = fib(60)", true },
    { "nested calls",   "x = 1; f = @(x) x + 1; g = @(h, x) h(h(x));", FOREVER("g(f, 1)"), false },
    { "gemm",           "x = rand(4000);", FOREVER("x * x"), false },
    { "gemm integer",   "x = int32(fix(100*rand(1200)));", FOREVER("double(x) * double(x)"), false },
    { "svd",            "x = rand(1500);", "r = svd(x);", true },
    { "svd 3",          "x = rand(1200);", "[a, b, r] = svd(x);", false },
    { "eig",            "x = rand(1200);", "[r, d] = eig(x);", true },
    { "solve",          "x = rand(3000);", FOREVER("x \\ x"), false },
    { "least squares",  "x = rand(3000, 1500);", FOREVER("x \\ x"), false },
#define GRID(n) "e = ones(" #n ", 1); x = spdiags([-e, 2 * e, -e], -1:1, " #n ", " #n "); x = kron(x, speye(" #n ")) + kron(speye(" #n "), x);"
    { "sparse LU",      GRID(600) " x(1, 2) = -0.5;", FOREVER("x \\ x(:, 1)"), true },
    { "sparse Cholesky", GRID(600), FOREVER("x \\ x(:, 1)"), false },
    { "sparse QR",      GRID(150), FOREVER("qr(x)"), false },
    { "eigs",           GRID(600), FOREVER("eigs(x, 6)"), false },
    { "inv",            "x = rand(2500);", FOREVER("inv(x)"), false },
    { "det",            "x = rand(3000);", FOREVER("det(x)"), false },
    { "lu",             "x = rand(3000);", FOREVER("[l, u, p] = lu(x)"), false },
    { "chol",           "x = rand(3000); x = x + x' + 6000 * eye(3000);", FOREVER("chol(x)"), false },
    { "qr",             "x = rand(2000);", FOREVER("[q, t] = qr(x)"), false },
    { "expm",           "x = rand(1500);", FOREVER("expm(x)"), true },
    { "pinv",           "x = rand(1500);", FOREVER("pinv(x)"), false },
    { "power",          "x = rand(1500);", FOREVER("x ^ 33"), false },
    { "kron",           "x = rand(60);", FOREVER("kron(x, x)"), false },
    { "sort",           "x = rand(1e7, 1);", FOREVER("sort(x)"), true },
    { "sort with index", "x = rand(1e7, 1);", FOREVER("[s, i] = sort(x)"), false },
    { "sort texts",     "x = cellfun(@(v) sprintf('%g', v), num2cell(rand(1, 2e5)), UniformOutput=false);", FOREVER("sort(x)"), false },
    { "unique",         "x = rand(5e6, 1);", FOREVER("[u, i, j] = unique(x)"), false },
    { "unique texts",   "x = cellfun(@(v) sprintf('%g', v), num2cell(rand(1, 2e5)), UniformOutput=false);", FOREVER("unique(x)"), true },
    { "ismember",       "x = rand(3e6, 1);", FOREVER("ismember(x, x)"), false },
    { "sortrows",       "x = fix(10 * rand(1e6, 3));", FOREVER("sortrows(x)"), false },
    { "median",         "x = rand(1e7, 1);", FOREVER("median(x)"), false },
    { "randperm",       "x = 1;", FOREVER("randperm(2e7)"), false },
    { "rand",           "x = 1;", FOREVER("rand(1e4, 5e3)"), false },
    { "randn",          "x = 1;", FOREVER("randn(1e4, 5e3)"), true },
    { "cumsum",         "x = rand(3e7, 1);", FOREVER("cumsum(x)"), true },
    { "sum",            "x = rand(3e7, 1);", FOREVER("sum(x)"), false },
    { "var",            "x = rand(3e7, 1);", FOREVER("var(x)"), false },
    { "elementwise",    "x = rand(3e7, 1);", FOREVER("exp(sin(x) .* cos(x) + sqrt(x)) ./ (1 + x .^ 2.5)"), true },
    { "gamma",          "x = rand(3e7, 1);", FOREVER("gamma(x)"), false },
    { "broadcast",      "x = rand(5e3, 1);", FOREVER("hypot(x, x')"), false },
    { "transpose",      "x = rand(6e3, 5e3);", FOREVER("x'"), false },
    { "permute",        "x = rand(300, 300, 300);", FOREVER("permute(x, [3 1 2])"), false },
    { "index",          "x = rand(1e7, 1); i = randperm(1e7);", FOREVER("x(i)"), false },
    { "find",           "x = rand(3e7, 1);", FOREVER("find(x > 0.5)"), false },
    { "cat",            "x = rand(1e7, 1);", FOREVER("[x; x; x]"), false },
    { "repmat",         "x = rand(1e3);", FOREVER("repmat(x, 5, 5)"), false },
    { "conv2",          "x = rand(1000);", FOREVER("conv2(x, x(1:60, 1:60))"), false },
    { "conv",           "x = rand(2e5, 1);", FOREVER("conv(x, x)"), false },
    { "filter",         "x = rand(1e7, 1);", FOREVER("filter([1 2 3], [1 .5 .2], x)"), false },
    { "interp1",        "x = linspace(0, 1, 1e5); q = rand(1, 5e6);", FOREVER("interp1(x, x, q)"), false },
    { "primes",         "x = 1;", FOREVER("primes(1e8)"), false },
    { "factor",         "x = 1;", FOREVER("factor(9007199254740881)"), false },
    { "isprime",        "x = fix(1e12 * rand(1, 1e5));", FOREVER("isprime(x)"), false },
    { "nchoosek",       "x = 1;", FOREVER("nchoosek(1:25, 10)"), false },
    { "perms",          "x = 1;", FOREVER("perms(1:10)"), true },
    { "regexp that explodes", "x = [repmat('a', 1, 40) 'b'];", FOREVER("try, regexprep(x, '(a+)+c', 'z'); catch, end"), true },
    { "regexp",         "x = repmat('ab1 ', 1, 5e6);", FOREVER("regexprep(x, '(\\w)(\\d)', '$2$1')"), false },
    { "regexp tokens",  "x = repmat('ab1 ', 1, 1e6);", FOREVER("[t, m] = regexp(x, '(\\w)(\\d)', 'tokens', 'match')"), true },
    { "strrep",         "x = repmat('ab1 ', 1, 1e7);", FOREVER("strrep(x, 'b1', 'xyz')"), false },
    { "strsplit",       "x = repmat('ab1,', 1, 1e6);", FOREVER("strsplit(x, ',')"), false },
    { "strfind",        "x = repmat('a', 1, 3e6);", FOREVER("strfind(x, repmat('a', 1, 1000))"), false },
    { "upper",          "x = repmat('ab1 ', 1, 2e7);", FOREVER("upper(x)"), false },
    { "sprintf",        "x = rand(1, 1e7);", FOREVER("sprintf('%g ', x)"), true },
    { "sscanf",         "x = sprintf('%g ', rand(1, 2e6));", FOREVER("sscanf(x, '%f')"), false },
    { "str2num",        "x = ['[' sprintf('%g ', rand(1, 5e5)) ']'];", FOREVER("str2num(x)"), true },
    { "num2str",        "x = rand(3000);", FOREVER("num2str(x)"), true },
    { "mat2str",        "x = rand(3000);", FOREVER("mat2str(x)"), false },
    { "disp",           "x = rand(3000);", FOREVER("disp(x)"), true },
    { "disp of a cell", "x = num2cell(rand(1, 1e6));", FOREVER("disp(x)"), false },
    { "display",        "x = rand(3000);", FOREVER("display(x)"), false },
    { "printf",         "x = rand(1, 1e7);", FOREVER("printf('%g\\n', x)"), true },
    { "evalc",          "x = rand(3000);", FOREVER("evalc('disp(x)')"), false },
    { "dlmwrite",       "x = rand(1000);", FOREVER("dlmwrite('big.csv', x)"), false },
    { "dlmread",        "x = rand(2000, 1000); dlmwrite('big.csv', x);", FOREVER("dlmread('big.csv')"), true },
    { "save",           "x = rand(5e3);", FOREVER("save('big.bin', 'x')"), true },
    { "save of cells",  "x = num2cell(rand(1, 2e6));", FOREVER("save('big.bin', 'x')"), false },
    { "save as text",   "x = rand(3e3);", FOREVER("save('-text', 'big.txt', 'x')"), false },
    { "load",           "x = rand(5e3); save('big.bin', 'x');", FOREVER("z = load('big.bin')"), false },
    { "load text",      "x = rand(1500); save('-text', 'big.txt', 'x');", FOREVER("z = load('big.txt')"), true },
    { "fileread",       "x = 1; fid = fopen('big.txt', 'w'); fprintf(fid, '%s', repmat('line ', 1, 1e7)); fclose(fid);", FOREVER("fileread('big.txt')"), false },
    { "fgetl",          "x = 1; fid = fopen('/dev/zero');", FOREVER("fgetl(fid)"), false },
    { "fread",          "x = 1; fid = fopen('/dev/zero');", FOREVER("fread(fid, 1e8)"), true },
    { "cellfun",        "x = num2cell(rand(1, 1e6));", FOREVER("cellfun(@(v) v + 1, x)"), true },
    { "cellfun by name", "x = num2cell(rand(1, 2e6));", FOREVER("cellfun('isempty', x)"), false },
    { "arrayfun",       "x = rand(1, 1e6);", FOREVER("arrayfun(@(v) {v}, x, UniformOutput=false)"), false },
    { "a map",          "x = containers.Map('KeyType', 'double', 'ValueType', 'any');", "m = containers.Map('KeyType', 'double', 'ValueType', 'any'); k = 0; while true, k += 1; m(k) = k; end", true },
    { "growing",        "x = 1;", "z = []; k = 0; while true, k += 1; z(end+1) = k; end", false },
    { "a struct array", "x = 1;", "z = struct(); k = 0; while true, k += 1; z(k).a = k; end", false },
    { "isequal",        "x = num2cell(rand(1, 3e6)); w = num2cell(cell2mat(x));", FOREVER("isequal(x, w)"), true },
    { "cell2mat",       "x = num2cell(rand(1000));", FOREVER("cell2mat(x)"), false },
    { "num2cell",       "x = rand(1e6, 1);", FOREVER("num2cell(x)"), false },
    { "ode45",          "x = 1;", FOREVER("[t, y] = ode45(@(t, y) -y, [0 1000], 1)"), true },
    { "quad",           "x = 1;", FOREVER("quad(@(t) sin(1000 * t), 0, 100)"), false },
    { "integral",       "x = 1;", FOREVER("integral(@(t) sin(1000 * t), 0, 100)"), false },
    { "fminsearch",     "x = 1;", FOREVER("fminsearch(@(v) sum((v - 3) .^ 4), zeros(1, 10))"), false },
    { "fzero",          "x = 1;", FOREVER("fzero(@(v) v ^ 3 - 2, [0 5])"), false },
    { "autograd of a loop", "function y = deep(x), y = x; for k = 1:1e8, y = y * 0.999 + 1e-3; end, end", "[r, g] = autograd(@deep, 2)", true },
    { "autograd",       "x = rand(800);", FOREVER("[y, g] = autograd(@(a) sum(sum(tanh(a * a))), x)"), false },
    { "eval",           "x = 1;", "eval('eval(\"while true, end\")')", true },
    { "eval with catch", "x = 1;", "eval('while true, end', 'r = 0;')", false },
    { "try",            "x = 1;", "try, while true, end, catch, r = 0; end", true },
    { "try in a loop",  "x = 1;", FOREVER("try, for k = 1:1e9, end, catch e, r = 0; end"), false },
    { "unwind_protect", "x = 1;", "unwind_protect, while true, end, unwind_protect_cleanup, z = 8; end", true },
    { "cellfun and its ErrorHandler", "x = 1;", "cellfun(@(v) feval(@() evalin('base', 'while true, end')), {1}, ErrorHandler=@(varargin) 0)", false },
    { "pause",          "x = 1;", "pause(1000)", true },
    { "pause for a key", "x = 1;", "pause", false },
    { "input",          "x = 1;", "z = input('how many? ')", true },
    { "keyboard",       "x = 1;", "z = input('name? ', 's')", false },
    { "system",         "x = 1;", "system('sleep 100')", true },
    { "system with output", "x = 1;", "[s, t] = system('sleep 100')", false },
    { "the shell",      "x = 1;", "!sleep 100", true },
    { "a script file",  "x = 1; fid = fopen('forever.tl', 'w'); fprintf(fid, 'while true\\nend\\n'); fclose(fid);", "run('forever.tl')", true },
    { "fclose and delete", "x = 1;", FOREVER("f = tempname(); fclose(fopen(f, 'w')); delete(f)"), false },
    { "glob",           "x = 1;", FOREVER("glob('/usr/lib/*/*')"), false },
    { "datestr",        "x = 7e5 + rand(1, 1e5);", FOREVER("datestr(x)"), true },
    { "dec2bin",        "x = fix(1e6 * rand(1, 1e6));", FOREVER("dec2bin(x)"), false },
    { "bitand",         "x = fix(1e6 * rand(1, 3e7));", FOREVER("bitand(x, 255)"), false },
    { "accumarray",     "x = fix(1e3 * rand(1e7, 1)) + 1;", FOREVER("accumarray(x, 1)"), false },
    { "hist",           "x = rand(1e7, 1);", FOREVER("histc(x, 0:.01:1)"), false },
    { "cov",            "x = rand(5e4, 300);", FOREVER("cov(x)"), false },
    { "norm",           "x = rand(2000);", FOREVER("norm(x)"), false },
    { "rank",           "x = rand(1500);", FOREVER("rank(x)"), false },
    { "any of a mask",  "x = rand(1e4, 3e3);", FOREVER("z = x; z(x > .5) = 0"), false },
};
enum { WORKS = sizeof works / sizeof *works, TIMES = 5 };
static bool whole;                            /* five times each, with figures */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double used(void)                      /* processor time of the session, all threads */
{
    clockid_t clock;
    struct timespec t;
    return clock_getcpuclockid(child, &clock) || clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds to the prompt; negative: what went wrong is in `trouble`. */
static char trouble[400];
static double interrupt(const struct work *w, double after, double *cpu)
{
    seen[nseen = 0] = 0;
    line(w->text);
    if (!comes("\n", 60))
        return snprintf(trouble, sizeof trouble, "no echo"), -1;
    if (comes(">> ", after))
        return snprintf(trouble, sizeof trouble, "ended by itself: %.200s", seen), -1;
    double begin = now(), work = used();
    type("\003");
    if (!comes(">> ", whole ? 60 : 120))
        return snprintf(trouble, sizeof trouble, "no prompt after Ctrl-C"), -1;
    double took = now() - begin;
    *cpu = used() - work;
    while (listen_for(0.05))
        ;
    seen[nseen = 0] = 0;
    line("printf('<%s>\\n', num2str([isequal(keep, {1, 'a', magic(3)}), r, isequal(mark(x), mark_x)]))");
    if (!comes("<1  7  1>", 60))
        return snprintf(trouble, sizeof trouble, "not all is as before: %.200s", seen), -1;
    if (!comes(">> ", 60))
        return snprintf(trouble, sizeof trouble, "no prompt"), -1;
    return took;
}

START_TEST(every_kind_of_work_is_left_at_once)
{
    const char *only = getenv("TL_CTRL_C_ONLY");
    double worst = 0, all[WORKS * TIMES];
    int n = 0, bad = 0, times = whole ? TIMES : 1;
    columns = 400;
    srand(1);
    for (int k = 0; k < WORKS; k++) {
        const struct work *w = &works[k];
        double t[TIMES], cpu[TIMES];
        int i = 0;
        if (only ? !strstr(w->name, only) : !whole && !w->brief)
            continue;
        start("--no-startup");
        expect(">> ");
        line("x = 1; r = 7; keep = {1, 'a', magic(3)};");
        expect(">> ");
        if (*w->before) {
            line(w->before);
            ck_assert_msg(comes("\n", 20) && comes(">> ", 120), "%s: no prompt after '%s'", w->name, w->before);
            ck_assert_msg(!strstr(seen, "error"), "%s: %s", w->name, seen);
        }
        line("function s = mark(v), if isnumeric(v) || ischar(v), s = sum(v(:)); else, s = numel(v); end, end, mark_x = mark(x);");
        ck_assert(comes("\n", 20) && comes(">> ", 60));
        for (; i < times; i++) {
            double s = interrupt(w, (whole ? 0.25 : 0.15) + 0.25 * rand() / RAND_MAX * whole, &cpu[i]);
            if (s < 0)
                break;
            t[i] = all[n++] = s;
        }
        kill(child, SIGKILL);
        leave();
        if (i < times) {
            fprintf(stderr, "%-30s %s\n", w->name, trouble);
            bad++;
            continue;
        }
        qsort(t, (size_t)times, sizeof *t, by_size);
        qsort(cpu, (size_t)times, sizeof *cpu, by_size);
        if (t[times - 1] > worst)
            worst = t[times - 1];
        if (whole && (t[times / 2] > 0.2 || t[times - 1] > 1))
            bad++;
        if (whole)
            fprintf(stderr, "%-30s median %6.3f s, worst %6.3f s; processor %6.3f s, %6.3f s%s\n", w->name, t[times / 2], t[times - 1],
                cpu[times / 2], cpu[times - 1],
                t[times / 2] > 0.2 || t[times - 1] > 1 ? "  TOO LONG" : "");
    }
    qsort(all, (size_t)n, sizeof *all, by_size);
    if (whole && n)
        fprintf(stderr, "%d times: median %.3f s, worst %.3f s\n", n, all[n / 2], worst);
    ck_assert_msg(!bad, "%d kinds of work were not left as they should", bad);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { every_kind_of_work_is_left_at_once };
    whole = getenv("TL_CTRL_C") != NULL;
    return pty_main("ctrl_c", 1, tests, 3000);
}
