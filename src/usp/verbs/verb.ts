import type { Result } from '#base';
import type { Model, Origin, View } from '#model';
import type { ErrorBody, Requests, Responses } from '../codec/types.ts';

/** What a request of a controller may use. */
export interface VerbContext {
  readonly model: Model;
  /** What the controller's roles let it see and do. */
  readonly view: View;
  /** The controller. */
  readonly origin: Origin;
  readonly signal: AbortSignal;
}

/** Answers one kind of request; a refusal becomes an Error message. */
export type Verb<Name extends keyof Requests, Response extends keyof Responses> = (
  request: Requests[Name],
  context: VerbContext,
) => Promise<Result<Responses[Response], ErrorBody>>;
