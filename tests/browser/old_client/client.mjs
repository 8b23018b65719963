// The old application as the portal sees it: what it asks, what it shows for each answer, and what
// it does with the fields. It is written from a description of its behaviour and shares no code with
// it. Oddities are kept on purpose: the portal has to live with them.

const BUILT_IN_CLIENT_ID = "built-in-client";

export class OldClient {
  #base;
  #shell;
  #fetch;

  /**
   * @param base The address of the tenant API, without a slash at its end.
   * @param shell What the shell of Field Service Management tells: accountId, account (the name),
   *     companyId, company. Each may be missing.
   * @param fetch Sends requests as a browser does.
   */
  constructor(base, shell, fetch) {
    this.#base = base;
    this.#shell = shell;
    this.#fetch = fetch;
  }

  /** What people see after a start. */
  async start() {
    // Three parts of the application ask at once; the last answer decides.
    const answers = await Promise.all([this.#ask(), this.#ask(), this.#ask()]);
    try {
      return this.#pageFor(answers.at(-1));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return { page: "blank" };
    }
  }

  /** Sends the set-up form. Returns what people see then. */
  async setUp(typed) {
    const ids = { accountId: this.#accountId(), companyId: this.#companyId() };
    try {
      const response = await this.#send("/tenant", {
        method: "POST",
        body: JSON.stringify({ ...ids, ...typed }),
      });
      const answer = await response.json();
      // Nobody asks again: the answer to the form opens the application.
      if (response.ok) return this.#application(answer.tenant);
      return { page: "set-up form", problem: answer.error };
    } catch {
      return { page: "set-up form", problem: "NETWORK_ERROR" };
    }
  }

  async #ask() {
    const query = new URLSearchParams({
      accountId: this.#accountId(),
      companyId: this.#companyId(),
    });
    try {
      const response = await this.#send(`/validate?${query}`, {});
      return await response.json();
    } catch {
      return { isValid: false, error: "NETWORK_ERROR" };
    }
  }

  #send(path, options) {
    // Also a GET has this header, so a browser asks for permission first.
    const headers = { "Content-Type": "application/json" };
    return this.#fetch(this.#base + path, { ...options, headers });
  }

  #accountId() {
    return this.#shell.accountId || this.#shell.account || "unknown";
  }

  #companyId() {
    return this.#shell.companyId || this.#shell.company || "unknown";
  }

  #pageFor(answer) {
    if (answer.isValid) return this.#application(answer.tenant);
    if (answer.error === "EXPIRED") return this.#expired(answer.tenant);
    return { page: "set-up form" };
  }

  #application(tenant) {
    return {
      page: "application",
      heading: `${tenant.accountName} / ${tenant.companyName}`,
      // Calls go there with the token of the person, and name the client.
      host: `https://${tenant.cluster}.fsm.cloud.sap`,
      "X-Client-ID": tenant.clientId || BUILT_IN_CLIENT_ID,
    };
  }

  #expired(tenant) {
    const lines = [
      `Company: ${tenant.contactCompanyName}`,
      `Name: ${tenant.contactFullName}`,
      `Phone: ${tenant.contactPhone}`,
      `E-mail: ${tenant.contactEmailAddress}`,
    ];
    return {
      page: "expired",
      heading: `${tenant.accountName} / ${tenant.companyName}`,
      cluster: tenant.cluster.toUpperCase(),
      ended: tenant.validTo,
      renewalMail: lines.join("\n"),
    };
  }
}
