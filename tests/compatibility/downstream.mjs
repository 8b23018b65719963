// The downstream application's way to the table: AWS's SDK for JavaScript, the old attributes,
// and nothing of the portal. Reads one instruction as JSON, answers with one.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.SDK_FOLDER + "/");
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } =
  require("@aws-sdk/lib-dynamodb");

const { table, accountId, companyId, put } = JSON.parse(readFileSync(0, "utf8"));
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const answer = {};

if (put) {
  await client.send(new PutCommand({ TableName: table, Item: put }));
} else {
  const tenantId = `${accountId}_${companyId}`;
  const found = await client.send(new GetCommand({ TableName: table, Key: { tenantId } }));
  answer.byKey = found.Item ?? null;
  const rows = await client.send(
    new QueryCommand({
      TableName: table,
      IndexName: "GSI1",
      KeyConditionExpression: "gsi1pk = :account",
      ExpressionAttributeValues: { ":account": `ACCOUNT#${accountId}` },
    }),
  );
  answer.byAccount = rows.Items;
  // As the old application decides, by instants and a boolean.
  const now = new Date("2026-12-01T00:00:00.000Z");
  const tenant = answer.byKey;
  answer.isValid =
    tenant?.isActive === true &&
    now >= new Date(tenant.validFrom) &&
    now <= new Date(tenant.validTo);
}
console.log(JSON.stringify(answer));
