import { request as httpRequest, type IncomingMessage } from 'node:http';
import { errorCode, sleep, systemClock } from '#base';
import { type AcsCredentials, answerDigest } from './authentication.ts';
import { AcsError } from './errors.ts';

const patienceMs = 10_000;
/** A device that is knocked at too often drops the connection; after a pause it hears again. */
const pauseMs = 1500;
const attempts = 3;

/**
 * Asks a device for a session, with Digest when it wants that (TR-069 3.2.2).
 * @returns the HTTP status of its final answer
 * @throws AcsError ACS_CONNECTION_REQUEST when it can not be reached
 */
export async function sendConnectionRequest(url: URL, credentials: AcsCredentials | undefined): Promise<number> {
  const target = url.pathname + url.search;
  try {
    let response = await get(url, {});
    const offered = response.headers['www-authenticate'];
    if (response.statusCode === 401 && offered !== undefined && credentials) {
      response = await get(url, { authorization: answerDigest(offered, target, credentials) });
    }
    return response.statusCode ?? 0;
  } catch (error) {
    throw new AcsError('ACS_CONNECTION_REQUEST', `the device is not reached at ${url.host}`, { cause: error });
  }
}

async function get(url: URL, headers: Record<string, string>): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(url, headers);
    } catch (error) {
      if (errorCode(error) !== 'ECONNRESET' || attempt >= attempts) throw error;
      await sleep(systemClock, pauseMs);
    }
  }
}

function once(url: URL, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent: false, timeout: patienceMs }, (response) =>
      resolve(response.resume()),
    );
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
    request.end();
  });
}
