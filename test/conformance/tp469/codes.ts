/** Which code may stand where (TR-369 "Error Codes", column "Error Type"): of a failed object, path or parameter in an answer to that request. */
const anywhere = [7002, 7003, 7004, 7005, 7006, 7007, 7016, 7026];
const ofRequest = {
  get: [7008],
  getInstances: [7008, 7018],
  getSupportedDm: [7008],
  add: [7008, 7010, 7011, 7012, 7013, 7014, 7015, 7017, 7018, 7019, 7021, 7025],
  set: [7008, 7009, 7010, 7011, 7012, 7013, 7014, 7015, 7020, 7021, 7025],
  delete: [7008, 7015, 7018, 7024],
  operate: [7008, 7022, 7023, 7027],
} as const;

export type Coded = keyof typeof ofRequest;

/** Of an element of a response, and of a parameter in an Error message. */
export function isAppropriate(code: number, request: Coded): boolean {
  return anywhere.includes(code) || (ofRequest[request] as readonly number[]).includes(code) || code >= 7800;
}

/** Of the Error message itself: the general codes as well. */
export function isAppropriateForMessage(code: number, request: Coded): boolean {
  return code === 7000 || code === 7001 || isAppropriate(code, request);
}
