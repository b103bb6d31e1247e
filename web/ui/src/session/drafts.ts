/**
 * What a person has begun to write or photograph and not sent yet. Text lives in localStorage, photos in IndexedDB;
 * both survive a reload, a closed page and a failed sending, and go when the server has taken them.
 */
import { ref, watch, type Ref } from 'vue'

export function useTextDraft(name: string, storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null = pageStorage()): Ref<string> {
  const text = ref(read(storage, name))
  watch(text, (value) => write(storage, name, value), { flush: 'sync' })
  return text
}

function read(storage: Pick<Storage, 'getItem'> | null, name: string): string {
  try {
    return storage?.getItem(`ytk-draft-${name}`) ?? ''
  } catch {
    return ''
  }
}

function write(storage: Pick<Storage, 'setItem' | 'removeItem'> | null, name: string, value: string): void {
  try {
    if (value) storage?.setItem(`ytk-draft-${name}`, value)
    else storage?.removeItem(`ytk-draft-${name}`)
  } catch {
    // Storage full or forbidden: the text stays on the page.
  }
}

function pageStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null
  } catch {
    return null
  }
}

const DATABASE = 'ytk-drafts'
const STORE = 'photos'

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('indexedDB'))
  })
}

async function inStore(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await openDatabase()
  try {
    return await new Promise((resolve, reject) => {
      const request = act(database.transaction(STORE, mode).objectStore(STORE))
      request.onsuccess = () => resolve(request.result as unknown)
      request.onerror = () => reject(request.error ?? new Error('indexedDB'))
    })
  } finally {
    database.close()
  }
}

/** The kept photo, or null where there is none or the browser keeps nothing (private windows). */
export async function findPhotoDraft(name: string): Promise<Blob | null> {
  try {
    const found = await inStore('readonly', (store) => store.get(name) as IDBRequest)
    return found instanceof Blob ? found : null
  } catch {
    return null
  }
}

/** False where it could not be kept; the photo then lives as long as the page. */
export async function keepPhotoDraft(name: string, photo: Blob | null): Promise<boolean> {
  try {
    await inStore('readwrite', (store) => (photo ? store.put(photo, name) : store.delete(name)) as IDBRequest)
    return true
  } catch {
    return false
  }
}
