// An error as the API says it (RFC 9457), or what stands for it when there was no answer.

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: no answer came
    readonly code: string,
    readonly detail: string,
    readonly field: string | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail || code);
  }
}

interface ProblemBody { status?: number; code?: string; title?: string; detail?: string; field?: string }

export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const given = (typeof body === 'object' && body !== null ? body : {}) as ProblemBody;
  const seconds = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  return new Problem(given.status ?? status, given.code ?? `http-${status}`, given.detail ?? given.title ?? '', given.field ?? null, seconds);
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Problem;
}
